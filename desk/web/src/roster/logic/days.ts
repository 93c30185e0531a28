/** Calendar days as `YYYY-MM-DD`, without any clock's zone in them, and instants in the service's zone. */

import type { Day, Language } from '../../lib/types';

const ZONE = 'Asia/Seoul';
const MS = 86_400_000;

const at = (day: Day): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (time: number): Day => new Date(time).toISOString().slice(0, 10);

export const plus = (day: Day, days: number): Day => dayOf(at(day) + days * MS);
export const between = (first: Day, last: Day): Day[] =>
  Array.from({ length: Math.max(0, Math.round((at(last) - at(first)) / MS) + 1) }, (_, index) => plus(first, index));
/** 0 Sunday to 6 Saturday. */
export const weekday = (day: Day): number => new Date(at(day)).getUTCDay();
/** The Monday on or before. */
export const monday = (day: Day): Day => plus(day, -((weekday(day) + 6) % 7));
export const monthOf = (day: Day): string => day.slice(0, 7);

export function monthPlus(month: string, months: number): string {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const count = year * 12 + number - 1 + months;
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}`;
}

export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

const numbers = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' });
/** Today where the service is, wherever the browser is. */
export const today = (now: Date = new Date()): Day => numbers.format(now);

const locale = (language: Language): string => (language === 'ko' ? 'ko-KR' : 'en-GB');
const format = (options: Intl.DateTimeFormatOptions) => {
  const made: Partial<Record<Language, Intl.DateTimeFormat>> = {};
  return (language: Language, time: number): string => (made[language] ??= new Intl.DateTimeFormat(locale(language), options)).format(time);
};

const letters = format({ weekday: 'short', timeZone: 'UTC' });
const long = format({ month: 'long', day: 'numeric', weekday: 'short', timeZone: 'UTC' });
const wholeMonth = format({ year: 'numeric', month: 'long', timeZone: 'UTC' });
const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: ZONE });

export const weekdayName = (language: Language, day: Day): string => letters(language, at(day));
export const dayName = (language: Language, day: Day): string => long(language, at(day));
const full = format({ year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' });
export const fullDay = (language: Language, day: Day): string => full(language, at(day));
export const monthName = (language: Language, month: string): string => wholeMonth(language, at(`${month}-01`));
const date = format({ year: 'numeric', month: 'short', day: 'numeric', timeZone: ZONE });
/** The day of an instant. */
export const dateOf = (language: Language, instant: string): string => date(language, Date.parse(instant));
export const dayIn = (instant: string): Day => today(new Date(instant));
const exact = format({ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: ZONE });
/** An instant to the second. */
export const exactOf = (language: Language, instant: string): string => exact(language, Date.parse(instant));
const moment = format({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: ZONE });
export const momentOf = (language: Language, instant: string): string => moment(language, Date.parse(instant));
export const timeOf = (language: Language, instant: string): string => clock(language, Date.parse(instant));

/** Minutes after the day's midnight in the service's zone; may be beyond 1440. */
export const minutesAfter = (day: Day, instant: string): number => Math.round((Date.parse(instant) - Date.parse(`${day}T00:00:00+09:00`)) / 60_000);

/** A time of day so many minutes later; midnight at the end is 24:00. */
export function clockPlus(clockTime: string, minutes: number): string {
  const after = (minutesOf(clockTime) + minutes) % 1440 || 1440;
  return `${String(Math.floor(after / 60)).padStart(2, '0')}:${String(after % 60).padStart(2, '0')}`;
}

export const minutesOf = (clockTime: string): number => {
  const [hours, minutes] = clockTime.split(':').map(Number) as [number, number];
  return hours * 60 + minutes;
};
