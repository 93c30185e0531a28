/** Edits that the server has not confirmed yet: kept in their order, shown at once, sent one by one, and merged with what others did meanwhile. */

import type { Cell, Change, Day } from '../../lib/types';
import { sameCodes } from './codes';

/** One thing that was done: one entry of the history, one step of undo. */
export interface Batch {
  id: string;
  changes: Change[];
  /** Why, where the roster is in force. */
  reason?: string;
}

export interface Conflict {
  person: string;
  day: Day;
  theirs: string[];
  mine: string[];
  by: string | null;
}

export type Choice = 'mine' | 'theirs';

export const keyOf = (at: { person: string; day: Day }): string => `${at.person} ${at.day}`;

/** Without changes that change nothing. */
export const meaningful = (changes: readonly Change[], pinned: (change: Change) => boolean): Change[] =>
  changes.filter((one) => !sameCodes(one.before, one.after) || (one.pinned ?? false) !== pinned(one));

/** What waiting edits make of each cell, by its key: the latest one counts. */
export function overlay(batches: readonly Batch[]): Map<string, Change> {
  const found = new Map<string, Change>();
  for (const batch of batches) for (const change of batch.changes) found.set(keyOf(change), change);
  return found;
}

/** Waiting edits as one: each cell from what the first one saw to what the latest one wants. */
export function together(batches: readonly Batch[]): Change[] {
  const first = overlay([...batches].reverse().map((one) => ({ ...one, changes: [...one.changes].reverse() })));
  return [...overlay(batches)].map(([key, change]) => ({ ...change, before: first.get(key)?.before ?? change.before }));
}

/**
 * The first batch was refused because cells hold something else now. Cells that are as the batch wants them are done; cells that are as it saw them
 * can be sent again; the others are conflicts, to be decided by who typed.
 */
export function compare(batches: readonly Batch[], theirs: readonly Cell[]): { again: Batch[]; conflicts: Conflict[] } {
  const [first, ...rest] = batches;
  if (!first) return { again: [], conflicts: [] };
  const now = new Map(theirs.map((cell) => [keyOf(cell), cell]));
  const wanted = overlay(batches);
  const conflicts: Conflict[] = [];
  const kept = first.changes.filter((change) => {
    const cell = now.get(keyOf(change));
    if (!cell || sameCodes(cell.codes, change.before)) return true;
    if (sameCodes(cell.codes, change.after)) return false;
    const mine = wanted.get(keyOf(change)) ?? change;
    conflicts.push({ person: change.person, day: change.day, theirs: cell.codes, mine: mine.after, by: cell.by ?? null });
    return true;
  });
  return { again: kept.length > 0 ? [{ ...first, changes: kept }, ...rest] : rest, conflicts };
}

/** The batches after a decision for each conflict: my cells go on from what they hold now, theirs are left alone by everything that waits. */
export function resolved(batches: readonly Batch[], conflicts: readonly Conflict[], choices: ReadonlyMap<string, Choice>): Batch[] {
  const theirs = new Map(conflicts.map((one) => [keyOf(one), one]));
  const dropped = new Set([...theirs.keys()].filter((key) => choices.get(key) !== 'mine'));
  const seen = new Set<string>();
  return batches
    .map((batch) => ({
      ...batch,
      changes: batch.changes
        .filter((change) => !dropped.has(keyOf(change)))
        .map((change) => {
          const key = keyOf(change);
          const conflict = theirs.get(key);
          if (!conflict || seen.has(key)) return change;
          seen.add(key);
          return { ...change, before: conflict.theirs };
        }),
    }))
    .filter((batch) => batch.changes.length > 0);
}

/** Kept edits as they were stored; [] for what is not readable. */
export function restored(text: string | null): Batch[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isBatch) : [];
  } catch {
    return [];
  }
}

function isBatch(value: unknown): value is Batch {
  const batch = value as Batch;
  return typeof batch?.id === 'string' && Array.isArray(batch.changes) && batch.changes.every(isChange);
}

function isChange(value: unknown): value is Change {
  const change = value as Change;
  return typeof change?.person === 'string' && typeof change.day === 'string' && Array.isArray(change.before) && Array.isArray(change.after);
}
