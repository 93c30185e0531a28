import { describe, expect, test } from 'vitest';
import { fromTable, tiled, toTable } from '../src/roster/logic/clipboard';
import { cellText, parseCell, sameCodes, toggled } from '../src/roster/logic/codes';

const TYPES = [
  { code: 'D', name: '낮', name_en: 'Day' },
  { code: 'N', name: '밤', name_en: 'Night' },
  { code: 'SV', name: '당직', name_en: 'Supervisor on call' },
];

describe('tables as text', () => {
  test('what a spreadsheet puts on the clipboard is read', () => {
    expect(fromTable('D\tE\t\r\nN\t\tD\r\n')).toEqual([
      ['D', 'E', ''],
      ['N', '', 'D'],
    ]);
  });

  test('an empty cell in the last row is kept', () => {
    expect(fromTable('D\n\n')).toEqual([['D'], ['']]);
    expect(fromTable('')).toEqual([['']]);
  });

  test('quotes keep tabs, line ends and quotes together', () => {
    const rows = [['a\tb', 'c\nd'], ['say "x"', '']];
    expect(fromTable(toTable(rows))).toEqual(rows);
    expect(fromTable('"D\nN"\tD')).toEqual([['D\nN', 'D']]);
  });

  test('what is copied can be pasted', () => {
    const rows = [['D', 'D/SV', ''], ['', 'N', 'N']];
    expect(fromTable(toTable(rows))).toEqual(rows);
  });
});

describe('pasting a block', () => {
  test('one cell fills the whole range', () => {
    expect(tiled([['D']], 2, 3)).toEqual([['D', 'D', 'D'], ['D', 'D', 'D']]);
  });

  test('a block is repeated where it fits several times', () => {
    expect(tiled([['D', 'N']], 2, 4)).toEqual([['D', 'N', 'D', 'N'], ['D', 'N', 'D', 'N']]);
  });

  test('a block that does not fit is pasted once as it is', () => {
    expect(tiled([['D', 'N', 'D']], 1, 2)).toEqual([['D', 'N', 'D']]);
  });

  test('rows of unequal length leave their gaps alone', () => {
    expect(tiled([['D', 'N'], ['D']], 1, 1)).toEqual([['D', 'N'], ['D', undefined]]);
  });
});

describe('cells as text', () => {
  test('codes, Korean and English names are shifts', () => {
    for (const text of ['D', ' d ', '낮', 'day']) expect(parseCell(text, TYPES)).toEqual(['D']);
  });

  test('several shifts stand in one cell', () => {
    for (const text of ['D/SV', 'D+SV', 'D SV', 'D, SV']) expect(parseCell(text, TYPES)).toEqual(['D', 'SV']);
    expect(parseCell('D/D', TYPES)).toEqual(['D']);
    expect(cellText(['D', 'SV'])).toBe('D/SV');
  });

  test('a day off is written in several ways', () => {
    for (const text of ['', ' ', '-', '휴', 'off']) expect(parseCell(text, TYPES)).toEqual([]);
  });

  test('what is no shift is said to be none', () => {
    for (const text of ['X', 'D/X', '=1+1', '2026-03-01']) expect(parseCell(text, TYPES)).toBeNull();
  });

  test('the order of shifts in a cell does not matter', () => {
    expect(sameCodes(['D', 'SV'], ['SV', 'D'])).toBe(true);
    expect(sameCodes(['D'], ['D', 'SV'])).toBe(false);
    expect(toggled(['D'], 'SV')).toEqual(['D', 'SV']);
    expect(toggled(['D', 'SV'], 'D')).toEqual(['SV']);
  });
});
