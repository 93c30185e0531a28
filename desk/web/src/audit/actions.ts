import { ko } from '../words/ko';
import { isWord, t } from '../lib/words.svelte';

/** What the log may say was done. A code that is not among them is shown as it is. */
export const ACTIONS: readonly string[] = Object.keys(ko)
  .filter((word) => word.startsWith('did_'))
  .map((word) => word.slice('did_'.length));

const inWords = (word: string, otherwise: string): string => (isWord(word) ? t(word) : otherwise);

/** What was done, in words where there are some. */
export const said = (action: string): string => inWords(`did_${action}`, action);

/** What kind of thing it was done to. */
export const kindOf = (kind: string): string => inWords(`about_${kind}`, kind);
