import { describe, expect, test } from 'vitest';
import type { ShiftType, Slot } from '../src/lib/types';
import { between, clockPlus, dayIn, isMonth, minutesAfter, monday, monthPlus, plus, today, weekday } from '../src/roster/logic/days';
import { gradeOf, worstByShift } from '../src/roster/logic/need';

describe('days', () => {
  test('a month has its days, also a leap February', () => {
    expect(between('2028-02-01', '2028-02-29')).toHaveLength(29);
    expect(plus('2026-02-28', 1)).toBe('2026-03-01');
    expect(between('2026-03-02', '2026-03-01')).toEqual([]);
  });

  test('weeks begin on Monday', () => {
    expect(monday('2026-03-01')).toBe('2026-02-23');
    expect(monday('2026-03-02')).toBe('2026-03-02');
    expect(weekday('2026-03-01')).toBe(0);
  });

  test('an instant belongs to the day that it is in Seoul', () => {
    expect([dayIn('2027-01-01T14:59:59Z'), dayIn('2027-01-01T15:00:00Z')]).toEqual(['2027-01-01', '2027-01-02']);
  });

  test('a stretch ends at a time of day, at midnight at 24:00', () => {
    expect([clockPlus('07:00', 480), clockPlus('23:00:00', 480), clockPlus('00:00', 1440), clockPlus('15:30', 510)]).toEqual(['15:00', '07:00', '24:00', '24:00']);
  });

  test('months go over the year', () => {
    expect([monthPlus('2026-12', 1), monthPlus('2026-01', -1), monthPlus('2026-03', 12)]).toEqual(['2027-01', '2025-12', '2027-03']);
    expect([isMonth('2026-03'), isMonth('2026-13'), isMonth('roster')]).toEqual([true, false, false]);
  });

  test('today is the day in Seoul, wherever the browser is', () => {
    expect(today(new Date('2026-03-01T15:30:00Z'))).toBe('2026-03-02');
    expect(today(new Date('2026-03-01T14:59:00Z'))).toBe('2026-03-01');
  });

  test('instants of any zone are counted from midnight in Seoul', () => {
    expect(minutesAfter('2026-03-01', '2026-02-28T22:00:00Z')).toBe(7 * 60);
    expect(minutesAfter('2026-03-01', '2026-03-02T01:00:00+09:00')).toBe(25 * 60);
  });
});

const TYPES: ShiftType[] = [
  { code: 'D', name: '낮', name_en: 'Day', starts: '07:00:00', minutes: 480, duty: 'line' },
  { code: 'N', name: '밤', name_en: 'Night', starts: '23:00', minutes: 480, duty: 'line' },
  { code: 'SV', name: '당직', name_en: 'Supervisor', starts: '07:00', minutes: 1440, duty: 'supervisor' },
];
const slot = (start: string, have: number, need: number | null = null): Slot => ({ start, minutes: 30, have, least: 2, wanted: 3, need });

describe('coverage by shift', () => {
  test('the slot where most is missing counts', () => {
    const worst = worstByShift([slot('2026-03-01T07:00:00+09:00', 3), slot('2026-03-01T10:30:00+09:00', 1), slot('2026-03-01T12:00:00+09:00', 2)], TYPES, ['2026-03-01']);
    expect(worst.get('D 2026-03-01')).toMatchObject({ have: 1, grade: 'short' });
  });

  test('a night after midnight belongs to the day before', () => {
    const worst = worstByShift([slot('2026-03-02T02:00:00+09:00', 0)], TYPES, ['2026-03-01', '2026-03-02']);
    expect([...worst.keys()]).toEqual(['N 2026-03-01']);
  });

  test('a shift ends before its last minute is over: 15:00 is not of the day shift', () => {
    expect(worstByShift([slot('2026-03-01T15:00:00+09:00', 0)], TYPES, ['2026-03-01']).size).toBe(0);
  });

  test('the largest forecast of the shift is shown', () => {
    const slots = [slot('2026-03-01T07:00:00+09:00', 1, 2), slot('2026-03-01T08:00:00+09:00', 3, 5), slot('2026-03-01T09:00:00+09:00', 3)];
    expect(worstByShift(slots, TYPES, ['2026-03-01']).get('D 2026-03-01')).toMatchObject({ have: 1, need: 5 });
  });

  test('grades go from nobody to enough', () => {
    const grades = [0, 1, 2, 3].map((have) => gradeOf({ have, least: 2, wanted: 3 }));
    expect(grades).toEqual(['empty', 'short', 'thin', 'enough']);
    expect(gradeOf({ have: 0, least: 0, wanted: 0 })).toBe('enough');
  });
});
