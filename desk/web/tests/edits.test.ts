import { describe, expect, test } from 'vitest';
import type { Held } from '../src/roster/logic/edits';
import { filledDown, filledOver, filledRight, pinnedAll, setAll, swapped } from '../src/roster/logic/edits';
import type { Place } from '../src/roster/logic/grid';

const SHEET = [
  ['D', 'E', 'N'],
  ['N', '', 'D!'],
];

const look = ({ row, col }: Place): Held => {
  const text = SHEET[row]?.[col] ?? '';
  return { codes: text ? [text.replace('!', '')] : [], pinned: text.endsWith('!') };
};
const text = (puts: { codes: string[] }[]) => puts.map((put) => put.codes.join('/')).join(' ');

describe('filling', () => {
  test('down takes the first row of the range', () => {
    expect(text(filledDown({ top: 0, left: 0, bottom: 1, right: 2 }, look))).toBe('D E N D E N');
  });

  test('down with one row takes the row above, and does nothing in the first', () => {
    expect(text(filledDown({ top: 1, left: 1, bottom: 1, right: 1 }, look))).toBe('E');
    expect(filledDown({ top: 0, left: 1, bottom: 0, right: 1 }, look)).toEqual([]);
  });

  test('right takes the first day of the range, or the day before', () => {
    expect(text(filledRight({ top: 0, left: 0, bottom: 1, right: 1 }, look))).toBe('D D N N');
    expect(text(filledRight({ top: 0, left: 2, bottom: 0, right: 2 }, look))).toBe('E');
    expect(filledRight({ top: 0, left: 0, bottom: 0, right: 0 }, look)).toEqual([]);
  });

  test('the handle goes on with the pattern', () => {
    expect(text(filledOver({ top: 0, left: 0, bottom: 0, right: 1 }, { top: 0, left: 0, bottom: 0, right: 4 }, look))).toBe('D E D E D');
  });
});

test('a range takes one shift', () => {
  expect(text(setAll({ top: 0, left: 0, bottom: 1, right: 1 }, ['N']))).toBe('N N N N');
});

test('two cells change places with their pins', () => {
  expect(swapped({ row: 0, col: 0 }, { row: 1, col: 2 }, look)).toEqual([
    { row: 0, col: 0, codes: ['D'], pinned: true },
    { row: 1, col: 2, codes: ['D'], pinned: false },
  ]);
});

test('pinning pins all, and unpins only where all were pinned', () => {
  expect(pinnedAll({ top: 1, left: 1, bottom: 1, right: 2 }, look).map((put) => put.pinned)).toEqual([true, true]);
  expect(pinnedAll({ top: 1, left: 2, bottom: 1, right: 2 }, look).map((put) => put.pinned)).toEqual([false]);
});
