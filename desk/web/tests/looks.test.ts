import { expect, test } from 'vitest';
import type { Violation } from '../src/lib/types';
import { MARKS, byGravity, gravest, gravityOf } from '../src/roster/looks';

const violation = (level: Violation['level'], kind: Violation['kind']): Violation => ({
  key: `${level} ${kind}`, rule: '', level, kind, person: null, day: '2027-01-01', days: [], text: '', mend: null, overridden: false, override_reason: null,
}); // prettier-ignore

test("only somebody's own wish bears the mark of a wish", () => {
  expect(MARKS[gravityOf(violation('wish', 'wish'))]).toBe('♡');
  for (const kind of ['rule', 'coverage', 'fairness'] as const) expect(MARKS[gravityOf(violation('wish', kind))]).toBe('△');
});

test('what is not a wish bears the mark of its level, whatever it is about', () => {
  expect(gravityOf(violation('policy', 'coverage'))).toBe('policy');
  expect(gravityOf(violation('hard', 'private'))).toBe('hard');
});

test('wishes of people stand before aims of the house', () => {
  const found = [violation('wish', 'fairness'), violation('wish', 'wish'), violation('hard', 'rule')];
  expect(byGravity(found).map(gravityOf)).toEqual(['hard', 'wish', 'aim']);
  expect(gravest(found.slice(0, 2))).toBe('wish');
  expect(gravest([])).toBeNull();
});
