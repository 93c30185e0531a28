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

/** How grave it is. What is wished for by a person is not what the house aims at (cover, fairness, …). */
export type Gravity = 'hard' | 'policy' | 'wish' | 'aim';

export const GRAVITIES: readonly Gravity[] = ['hard', 'policy', 'wish', 'aim'];
export const MARKS: Readonly<Record<Gravity, string>> = { hard: '!', policy: '?', wish: '♡', aim: '△' };

export const gravityOf = (violation: Violation): Gravity =>
  violation.level === 'wish' && violation.kind !== 'wish' ? 'aim' : violation.level;

export const gravest = (violations: readonly Violation[]): Gravity | null =>
  GRAVITIES.find((gravity) => violations.some((one) => gravityOf(one) === gravity)) ?? null;

const place = (violation: Violation): number => GRAVITIES.indexOf(gravityOf(violation));
export const byGravity = (violations: readonly Violation[]): Violation[] =>
  [...violations].sort((one, other) => place(one) - place(other) || one.day.localeCompare(other.day));

/** What would help, where the sentence does not say it already. */
export const mendOf = (violation: Violation): string | null =>
  violation.mend !== null && !violation.text.includes(violation.mend) ? violation.mend : null;
