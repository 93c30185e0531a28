import type { Word } from '../lib/words.svelte';
import { isWord, t, words } from '../lib/words.svelte';
import type { Choice, Content, RecordWords } from './types';

/** The word of a code; a code that has none is shown as it is. */
export function said(group: string, code: string): string {
  const key = `of_${group}_${code}`;
  return isWord(key) ? t(key) : code;
}

export const inLanguage = (one: { ko: string; en: string }): string => one[words.language];

const chosen = (choices: readonly Choice[], code: string): string => {
  const found = choices.find((one) => one.code === code);
  return found ? inLanguage(found) : code;
};

export const LABELS = {
  kinds: 'rec_kinds',
  non_counselling: 'rec_non_counselling',
  caller: 'rec_caller',
  subject: 'rec_subject',
  district: 'rec_district',
  age_band: 'rec_age_band',
  skills: 'rec_skills',
  feeling_before: 'rec_feeling_before',
  feeling_after: 'rec_feeling_after',
  about: 'rec_about',
  text: 'rec_text',
  sensitive: 'rec_sensitive',
  companion_note: 'rec_companion_note',
  reason: 'rec_reason',
  state: 'rec_state',
} as const satisfies Record<keyof Content | 'state', Word>;

export const label = (field: string): string => (field in LABELS ? t(LABELS[field as keyof typeof LABELS]) : field);

const GROUPS: Partial<Record<keyof Content, string>> = { kinds: 'kind', non_counselling: 'non_counselling', caller: 'caller', age_band: 'age' };

/** A field's value as people read it; '' nothing. */
export function valueText(field: keyof Content, value: unknown, known: RecordWords | null): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((one) => valueText(field, one, known)).join(', ');
  const text = String(value);
  if (field === 'skills') return chosen(known?.skills ?? [], text);
  if (field === 'district') return chosen(known?.districts ?? [], text);
  const group = GROUPS[field];
  return group ? said(group, text) : text;
}

/** A number as people here write it; one that is covered, or from abroad, as it is. */
export const national = (number: string): string =>
  number.replace(/^\+82(2|\d{2})(\d{3,4})(\d{4})$/, (_, area: string, middle: string, last: string) => `0${area}-${middle}-${last}`);
