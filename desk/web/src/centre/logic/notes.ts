/** Texts of a case: each correction is a new one that names what it replaces, so that what was written is never gone. Pure. */

import type { Note } from '../types';

export interface Written {
  /** As it is now. */
  note: Note;
  /** What it replaced, the latest first. */
  earlier: Note[];
  /** Of the same text somebody else wrote another version: both are shown. */
  conflict: boolean;
}

/** Texts as they are now, in the order in which they were begun. */
export function written(notes: readonly Note[]): Written[] {
  const by = new Map(notes.map((note) => [note.id, note]));
  const replaced = new Map<string, number>();
  for (const note of notes) if (note.replaces) replaced.set(note.replaces, (replaced.get(note.replaces) ?? 0) + 1);
  const found = notes
    .filter((note) => !replaced.has(note.id))
    .map((note) => {
      const earlier: Note[] = [];
      const seen = new Set([note.id]);
      for (let one = note.replaces ? by.get(note.replaces) : undefined; one && !seen.has(one.id); one = one.replaces ? by.get(one.replaces) : undefined) {
        seen.add(one.id);
        earlier.push(one);
      }
      return { note, earlier, conflict: [note, ...earlier].some((one) => one.replaces !== null && (replaced.get(one.replaces) ?? 0) > 1) };
    });
  const began = (one: Written) => one.earlier.at(-1) ?? one.note;
  return found.sort((a, b) => began(a).at.localeCompare(began(b).at) || began(a).id.localeCompare(began(b).id));
}

/** What became of a text that was sent, where the answer was lost: the note that it made, if it was made. */
export const arrived = (notes: readonly Note[], sent: { text: string; replaces: string | null; known: ReadonlySet<string> }): Note | undefined =>
  notes.find((note) => note.text === sent.text && note.replaces === sent.replaces && !sent.known.has(note.id));

/** Who else has replaced the text since; undefined: nobody. */
export const replacedBy = (notes: readonly Note[], base: string): Note | undefined => written(notes).find((one) => one.earlier.some((note) => note.id === base))?.note;
