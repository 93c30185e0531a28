/** What is wrong with single values, by field. Pure. */

import type { Problem } from './problem';
import type { Language } from './types';

export type Sentence = Record<Language, string>;
export type Wrong = Readonly<Record<string, Sentence>>;

/** By field, as the server named it and by its first part: `skills.3` is also told beside `skills`. */
export function wrongFields(problem: Problem): Wrong {
  const found: Record<string, Sentence> = {};
  const fields = problem.more['fields'];
  for (const one of Array.isArray(fields) ? (fields as { field?: unknown; message?: Sentence }[]) : []) {
    if (typeof one.field !== 'string' || !one.message) continue;
    const name = one.field.replace(/^body\./, '');
    found[name] ??= one.message;
    found[name.split('.')[0] ?? name] ??= one.message;
  }
  return found;
}
