/** Which items stand on the page, and what a key answers. Pure. */

import type { Answers, Checklist, Item } from '../types';

/** A section that depends on the answers before it is shown as soon as it is asked for, and stays while anything in it is answered. */
export function asked(list: Checklist, form: string, answers: Answers, missing: readonly string[]): Item[] {
  const sections = new Set(list.forms.find((one) => one.id === form)?.sections);
  const conditional = new Set(list.sections.filter((one) => one.conditional).map((one) => one.id));
  const wanted = new Set(list.items.filter((item) => item.id in answers || missing.includes(item.id)).map((item) => item.section));
  return list.items.filter((item) => sections.has(item.section) && (!conditional.has(item.section) || wanted.has(item.section)));
}

/** The answer that a digit stands for: the number that is printed beside it. */
export const answerOf = (item: Item, key: string): number | null =>
  /^\d$/.test(key) && item.choices.some((one) => one.value === Number(key)) ? Number(key) : null;

export const unanswered = (items: readonly Item[], answers: Answers): Item[] => items.filter((item) => !(item.id in answers));

/** Where one goes on after an answer: the next open item, or the first open one, or null when nothing is left. */
export function nextOpen(items: readonly Item[], answers: Answers, after: string): string | null {
  const at = items.findIndex((item) => item.id === after);
  const open = unanswered([...items.slice(at + 1), ...items.slice(0, at + 1)], answers);
  return open[0]?.id ?? null;
}
