import { describe, expect, test } from 'vitest';
import { clamp, inRange, moved, places, rangeOf, stretched } from '../src/roster/logic/grid';

const SIZE = { rows: 14, cols: 31 };
const press = (key: string, ctrl = false) => moved({ row: 3, col: 10 }, { key, ctrl }, SIZE);

describe('moving', () => {
  test('arrows go one cell', () => {
    expect([press('ArrowUp'), press('ArrowDown'), press('ArrowLeft'), press('ArrowRight')]).toEqual([
      { row: 2, col: 10 },
      { row: 4, col: 10 },
      { row: 3, col: 9 },
      { row: 3, col: 11 },
    ]);
  });

  test('Home and End stay in the row, with Ctrl they go to the corners', () => {
    expect(press('Home')).toEqual({ row: 3, col: 0 });
    expect(press('End')).toEqual({ row: 3, col: 30 });
    expect(press('Home', true)).toEqual({ row: 0, col: 0 });
    expect(press('End', true)).toEqual({ row: 13, col: 30 });
  });

  test('nothing leads out of the grid', () => {
    for (const key of ['ArrowUp', 'ArrowLeft', 'PageUp', 'Home']) expect(moved({ row: 0, col: 0 }, { key, ctrl: false }, SIZE)).toEqual({ row: 0, col: 0 });
    expect(moved({ row: 12, col: 0 }, { key: 'PageDown', ctrl: false }, SIZE)).toEqual({ row: 13, col: 0 });
  });

  test('letters and Alt with arrows are not movements', () => {
    expect(press('d')).toBeNull();
    expect(moved({ row: 0, col: 0 }, { key: 'ArrowLeft', ctrl: false, alt: true }, SIZE)).toBeNull();
  });

  test('a cursor beyond what is shown comes back in', () => {
    expect(clamp({ row: 20, col: 40 }, SIZE)).toEqual({ row: 13, col: 30 });
    expect(clamp({ row: 5, col: 5 }, { rows: 0, cols: 0 })).toEqual({ row: 0, col: 0 });
  });
});

describe('ranges', () => {
  test('a range is the same from whichever corner it was begun', () => {
    const range = { top: 1, left: 2, bottom: 3, right: 4 };
    expect(rangeOf({ row: 3, col: 2 }, { row: 1, col: 4 })).toEqual(range);
    expect(rangeOf({ row: 1, col: 4 }, { row: 3, col: 2 })).toEqual(range);
    expect(inRange(range, 3, 4)).toBe(true);
    expect(inRange(range, 4, 4)).toBe(false);
    expect(places(range)).toHaveLength(9);
  });

  test('a dragged handle makes it larger along one direction only', () => {
    const source = { top: 1, left: 1, bottom: 1, right: 2 };
    expect(stretched(source, { row: 5, col: 4 })).toEqual({ ...source, bottom: 5 });
    expect(stretched(source, { row: 2, col: 9 })).toEqual({ ...source, right: 9 });
    expect(stretched(source, { row: 0, col: 0 })).toEqual(source);
  });
});
