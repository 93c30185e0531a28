/** Agreed times as people read and write them. Pure. */

import type { Language } from '../../lib/types';
import type { AgreedTime, Caution } from '../types';

const DAYS: Record<Language, readonly string[]> = {
  ko: ['월', '화', '수', '목', '금', '토', '일'],
  en: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
};

const short = (time: string): string => time.slice(0, 5);

export const dayNames = (language: Language): readonly string[] => DAYS[language];

export const timesText = (times: readonly AgreedTime[], language: Language): string =>
  times.map((one) => `${DAYS[language][one.weekday] ?? one.weekday} ${short(one.since)}–${short(one.until)}`).join(', ');

/** Rows that somebody began and left empty are no warnings. */
export const written = (warnings: readonly Caution[]): Caution[] => warnings.filter((one) => one.text.trim() !== '');
