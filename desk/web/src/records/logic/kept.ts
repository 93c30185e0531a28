/** What was typed and is not on the server yet, kept by the browser for this tab: over an ended session and a reload, until it is stored. */

import type { Content } from '../types';

export interface Kept {
  version: number;
  /** What the server held when it was typed. */
  base: Content;
  content: Content;
}

const LISTS = ['kinds', 'skills'] as const;
const TEXTS = ['about', 'text', 'sensitive', 'companion_note', 'reason'] as const;

export const keptAs = (user: string, id: string): string => `record ${user} ${id}`;

/** Null for what is not readable. */
export function restored(text: string | null): Kept | null {
  try {
    const found = JSON.parse(text ?? 'null') as Kept | null;
    return found && Number.isInteger(found.version) && isContent(found.base) && isContent(found.content) ? found : null;
  } catch {
    return null;
  }
}

const isContent = (value: Content | undefined): boolean =>
  !!value && LISTS.every((name) => Array.isArray(value[name])) && TEXTS.every((name) => typeof value[name] === 'string');
