/** What is said of a place's hours now. Pure but for the words. */

import type { Language } from '../lib/types';
import { t } from '../lib/words.svelte';
import { dayIn, dayName, plus, timeOf, today } from '../roster/logic/days';
import type { Opening } from './types';

/** Never a colour alone: a sign and a word. */
export const SIGNS: Record<Opening['status'], string> = { open: '●', closed: '○', unknown: '?', planned: '◷', ended: '✕' };

/** An instant as seen from now: today 18:00, tomorrow 09:00, 11월 25일 (수) 09:00. */
export function seenFrom(now: Date, instant: string, language: Language): string {
  const day = dayIn(instant);
  const time = timeOf(language, instant);
  if (day === today(now)) return t('dir_today', { time });
  if (day === plus(today(now), 1)) return t('dir_tomorrow', { time });
  return `${dayName(language, day)} ${time}`;
}

export function openingText(opening: Opening, now: Date, language: Language): string {
  switch (opening.status) {
    case 'open':
      return `${t('dir_is_open')} · ${opening.until ? t('dir_open_until', { at: seenFrom(now, opening.until, language) }) : t('dir_always')}`;
    case 'closed':
      return `${t('dir_is_closed')} · ${opening.next_at ? t('dir_opens', { at: seenFrom(now, opening.next_at, language) }) : t('dir_opens_not')}`;
    case 'unknown':
      return t('dir_is_unknown');
    case 'planned':
      return t('dir_is_planned');
    case 'ended':
      return t('dir_is_ended');
  }
}

const DAYS = ['월', '화', '수', '목', '금', '토', '일'];
const IN_ENGLISH: Record<string, string> = {
  월: 'Mon', 화: 'Tue', 수: 'Wed', 목: 'Thu', 금: 'Fri', 토: 'Sat', 일: 'Sun', 공휴일: 'public holidays', 휴무: 'closed', 매일: 'every day',
}; // prettier-ignore

/** Hours as they are written in a file, shorter: 월,화,수,목,금 is 월–금. */
export function hoursText(hours: string, language: Language): string {
  const shorter = hours.replace(/(?:[월화수목금토일]|공휴일)(?:,(?:[월화수목금토일]|공휴일))*(?= )/g, (list) => days(list.split(',')));
  return language === 'ko' ? shorter : shorter.replace(/공휴일|휴무|매일|(?<![가-힣])[월화수목금토일](?![가-힣])/g, (word) => IN_ENGLISH[word] ?? word);
}

function days(list: readonly string[]): string {
  if (list.length === DAYS.length + 1) return '매일';
  const numbers = list.map((day) => DAYS.indexOf(day)).filter((day) => day >= 0);
  const row = numbers.length > 2 && numbers.every((day, index) => index === 0 || day === (numbers[index - 1] ?? 0) + 1);
  const weekdays = row ? [`${DAYS[numbers[0] ?? 0]}–${DAYS[numbers.at(-1) ?? 0]}`] : numbers.map((day) => DAYS[day]);
  return [...weekdays, ...list.filter((day) => day === '공휴일')].join(',');
}
