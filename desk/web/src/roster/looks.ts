import type { ShiftType, Violation } from '../lib/types';
import { minutesOf } from './logic/days';

export type Kind = 'day' | 'evening' | 'night' | 'extra';

/** The colour of a shift: by when it begins, whatever it is called. */
export function kindOf(type: ShiftType): Kind {
  if (type.duty !== 'line') return 'extra';
  const starts = minutesOf(type.starts);
  if (starts >= 20 * 60 || starts < 4 * 60) return 'night';
  return starts < 12 * 60 ? 'day' : 'evening';
}

export const MARKS: Record<Violation['level'], string> = { hard: '!', policy: '?', wish: '♡' };

const GRAVITY: Violation['level'][] = ['hard', 'policy', 'wish'];

export const gravest = (violations: readonly Violation[]): Violation['level'] | null =>
  GRAVITY.find((level) => violations.some((one) => one.level === level)) ?? null;

export const byGravity = (violations: readonly Violation[]): Violation[] =>
  [...violations].sort((one, other) => GRAVITY.indexOf(one.level) - GRAVITY.indexOf(other.level) || one.day.localeCompare(other.day));

/** What would help, where the sentence does not say it already. */
export const mendOf = (violation: Violation): string | null =>
  violation.mend !== null && !violation.text.includes(violation.mend) ? violation.mend : null;
