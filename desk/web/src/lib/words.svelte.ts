import { en } from '../words/en';
import { ko } from '../words/ko';
import type { Language } from './types';

export type Word = keyof typeof ko;
type Values = Record<string, string | number>;

const KEPT = 'language';
const TABLES: Record<Language, Record<Word, string>> = { ko, en };

/** The language of the pages. Korean unless somebody chose otherwise, here or in their account. */
class Words {
  language = $state<Language>('ko');

  constructor() {
    if (localStorage.getItem(KEPT) === 'en') this.choose('en');
  }

  choose(language: Language): void {
    this.language = language;
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }
}

export const words = new Words();

/** A word in both languages, for what may be read in another one later. */
export const inBoth = (word: Word): Record<Language, string> => ({ ko: ko[word], en: en[word] });

export const isWord = (text: string): text is Word => text in ko;

/** A word or sentence in the language of the pages; `{name}` are values. */
export const t = (word: Word, values: Values = {}): string =>
  TABLES[words.language][word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
