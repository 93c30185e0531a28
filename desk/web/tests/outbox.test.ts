import { describe, expect, test } from 'vitest';
import type { Cell, Change } from '../src/lib/types';
import type { Batch } from '../src/roster/logic/outbox';
import { compare, keyOf, meaningful, overlay, resolved, restored } from '../src/roster/logic/outbox';

const day = (number: number) => `2026-03-0${number}`;
const change = (number: number, before: string, after: string): Change => ({
  person: 'kim',
  day: day(number),
  before: before ? [before] : [],
  after: after ? [after] : [],
  pinned: false,
});
const cell = (number: number, code: string, by: string | null = 'Lee'): Cell => ({ person: 'kim', day: day(number), codes: code ? [code] : [], by });
const batch = (id: string, ...changes: Change[]): Batch => ({ id, changes });

test('of edits that wait the latest one of a cell is shown', () => {
  const shown = overlay([batch('a', change(1, '', 'D'), change(2, '', 'D')), batch('b', change(1, 'D', 'N'))]);
  expect([...shown.values()].map((one) => one.after[0])).toEqual(['N', 'D']);
});

test('changes that change nothing are not sent', () => {
  expect(meaningful([change(1, 'D', 'D'), change(2, 'D', 'E')], () => false)).toHaveLength(1);
  expect(meaningful([{ ...change(1, 'D', 'D'), pinned: true }], () => false)).toHaveLength(1);
});

describe('somebody else was there first', () => {
  test('cells that are as they were seen are sent again', () => {
    const mine = [batch('a', change(1, '', 'D'))];
    expect(compare(mine, [cell(2, 'N')])).toEqual({ again: mine, conflicts: [] });
    expect(compare(mine, [cell(1, '')])).toEqual({ again: mine, conflicts: [] });
  });

  test('cells that are as wanted already are done', () => {
    const later = batch('b', change(3, '', 'N'));
    expect(compare([batch('a', change(1, '', 'D')), later], [cell(1, 'D')])).toEqual({ again: [later], conflicts: [] });
  });

  test('a cell that holds something else is a conflict with what it holds, by whom, and what I want in the end', () => {
    const mine = [batch('a', change(1, '', 'D'), change(2, '', 'D')), batch('b', change(1, 'D', 'N'))];
    const { conflicts } = compare(mine, [cell(1, 'E')]);
    expect(conflicts).toEqual([{ person: 'kim', day: day(1), theirs: ['E'], mine: ['N'], by: 'Lee' }]);
  });

  test('choosing mine goes on from theirs, through all that waits', () => {
    const mine = [batch('a', change(1, '', 'D')), batch('b', change(1, 'D', 'N'))];
    const { again, conflicts } = compare(mine, [cell(1, 'E')]);
    const sent = resolved(again, conflicts, new Map([[keyOf(change(1, '', '')), 'mine' as const]]));
    expect(sent.map((one) => one.changes[0])).toEqual([
      { ...change(1, 'E', 'D') },
      { ...change(1, 'D', 'N') },
    ]);
  });

  test('choosing theirs drops the cell from all that waits, and nothing else', () => {
    const mine = [batch('a', change(1, '', 'D'), change(2, '', 'D')), batch('b', change(1, 'D', 'N'))];
    const { again, conflicts } = compare(mine, [cell(1, 'E')]);
    const sent = resolved(again, conflicts, new Map([[keyOf(change(1, '', '')), 'theirs' as const]]));
    expect(sent).toEqual([batch('a', change(2, '', 'D'))]);
  });
});

describe('edits kept over a reload', () => {
  test('they come back as they were', () => {
    const kept = [batch('a', change(1, '', 'D'))];
    expect(restored(JSON.stringify(kept))).toEqual(kept);
  });

  test('what is not readable is nothing', () => {
    for (const text of [null, '', '{', '{}', '[1]', '[{"id":"a","changes":[{}]}]', 'null']) expect(restored(text)).toEqual([]);
  });
});
