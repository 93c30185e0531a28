import { words } from './words.svelte';

/** Languages that are chosen from; the telephone line speaks the first two by itself. Codes of ISO 639-1. */
export const LANGUAGES = ['ko', 'en', 'zh', 'ja', 'vi', 'ru', 'mn', 'th', 'uz'] as const;

/** The name of a language in the language of the pages; a code that is none, as it is. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([words.language], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
