/** What was typed against what the server holds: nothing that somebody wrote is dropped without their choice. Pure. */

import type { Content } from '../types';

export type FieldName = keyof Content;
/** As somebody sees them. `reason` is no part of a consultation: it says why it was changed. */
export const FIELDS = [
  'kinds', 'non_counselling', 'caller', 'subject', 'district', 'age_band', 'skills', 'feeling_before', 'feeling_after',
  'about', 'text', 'sensitive', 'companion_note',
] as const satisfies readonly FieldName[]; // prettier-ignore
export type Compared = (typeof FIELDS)[number];
export const TEXTS: readonly FieldName[] = ['about', 'text', 'sensitive', 'companion_note'];

export interface Conflict {
  field: Compared;
  mine: Content[Compared];
  theirs: Content[Compared];
}

export type Choice = 'mine' | 'theirs' | 'both';

/** Lists are sets: their order says nothing. */
export function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    const known = new Set<unknown>(other);
    return known.size === new Set<unknown>(one).size && one.every((item) => known.has(item));
  }
  return one === other;
}

export const differing = (one: Content, other: Content): Compared[] => FIELDS.filter((field) => !same(one[field], other[field]));

const put = (content: Content, field: FieldName, value: unknown): void => void ((content as unknown as Record<string, unknown>)[field] = value);
const copy = (content: Content): Content => ({ ...content, kinds: [...content.kinds], skills: [...content.skills] });

/** What both changed from `base` in different ways is a conflict, and stays as mine until somebody chose; everything else is put together. */
export function merge(base: Content, mine: Content, theirs: Content): { merged: Content; conflicts: Conflict[] } {
  const merged = copy(mine);
  const conflicts: Conflict[] = [];
  for (const field of differing(base, theirs)) {
    if (same(base[field], mine[field])) put(merged, field, theirs[field]);
    else if (!same(mine[field], theirs[field])) conflicts.push({ field, mine: mine[field], theirs: theirs[field] });
  }
  return { merged, conflicts };
}

/** Both: texts one after the other, lists put together. Of single values only one can stay. */
export const canKeepBoth = (field: Compared): boolean => TEXTS.includes(field) || field === 'skills';

export function resolved(mine: Content, conflicts: readonly Conflict[], choices: ReadonlyMap<Compared, Choice>): Content {
  const result = copy(mine);
  for (const { field, theirs } of conflicts) {
    const choice = choices.get(field);
    // What was typed on meanwhile counts, not what stood there when it was asked.
    if (choice === 'theirs') put(result, field, theirs);
    else if (choice === 'both' && canKeepBoth(field)) put(result, field, together(mine[field], theirs));
  }
  return result;
}

function together(mine: unknown, theirs: unknown): unknown {
  if (Array.isArray(mine) && Array.isArray(theirs)) return [...new Set<unknown>([...theirs, ...mine])];
  return `${String(theirs)}\n\n${String(mine)}`;
}

/** What is to be sent: fields that the server refused stay as it has them, so that all the others are stored. */
export function sendable(typed: Content, base: Content, refused: ReadonlySet<string>): Content {
  const result = copy(typed);
  for (const field of FIELDS) if (refused.has(field)) put(result, field, base[field]);
  return result;
}

/** After an answer: what was not touched since it was sent is now as it was stored (registration numbers are gone); what was, stays as typed. */
export function settled(typed: Content, sent: Content, stored: Content): Content {
  const result = copy(typed);
  for (const field of FIELDS) if (same(typed[field], sent[field])) put(result, field, stored[field]);
  return result;
}
