import { Problem } from '../lib/problem';
import { centre } from './api';
import { arrived, replacedBy } from './logic/notes';
import type { Note, NoteKind } from './types';

/** Without a key pressed for so long, what was typed is stored. */
const PAUSE_MS = 4000;
const AGAIN_MS = [1000, 2000, 5000, 10_000];

interface Kept {
  kind: NoteKind;
  text: string;
  base: string | null;
  saved: string;
}

const keptAs = (user: string, referral: string): string => `case-note:${user}:${referral}`;

/** What somebody was writing when the page went away. */
export function kept(user: string, referral: string): Kept | null {
  const text = sessionStorage.getItem(keptAs(user, referral));
  return text === null ? null : (JSON.parse(text) as Kept);
}

/**
 * A text that is being written. Each time it is stored it becomes a new note that replaces the one before, so that every version is kept; until the
 * server has it, it stays in the browser.
 */
export class Draft {
  text = $state('');
  state = $state<'idle' | 'saving' | 'away' | 'signed_out'>('idle');
  /** What the server does not take, as it is. */
  problem = $state.raw<Problem | null>(null);
  /** Somebody else has written another version of the same text. */
  theirs = $state.raw<Note | null>(null);
  private saved = $state('');
  readonly changed = $derived(this.text !== this.saved);

  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<boolean> | null = null;
  private tries = 0;
  /** What was sent without an answer. */
  private lost: { text: string; replaces: string | null; known: Set<string> } | null = null;
  private known = new Set<string>();
  private readonly key: string;

  constructor(
    private readonly referral: string,
    readonly kind: NoteKind,
    user: string,
    /** The text that is corrected; after the first saving, the last version. */
    private base: string | null = null,
    text = '',
    saved = text,
  ) {
    this.key = keptAs(user, referral);
    this.text = text;
    this.saved = saved;
    // What waits since before the page was loaded may have arrived, too.
    if (text !== saved) this.lost = { text, replaces: base, known: new Set() };
  }

  static restored(referral: string, user: string): Draft | null {
    const found = kept(user, referral);
    if (!found) return null;
    const draft = new Draft(referral, found.kind, user, found.base, found.text, found.saved);
    draft.later(0);
    return draft;
  }

  touched(): void {
    this.problem = null;
    this.keep();
    this.later(PAUSE_MS);
  }

  /** The notes as they are on the server now. */
  see(notes: readonly Note[]): void {
    this.known = new Set(notes.map((note) => note.id));
    if (!this.base || this.running) return;
    const other = replacedBy(notes, this.base);
    if (other) this.theirs = other;
  }

  /** Mine goes on as the next version of theirs; or theirs is taken, and mine is gone. */
  decide(mine: boolean): void {
    if (!this.theirs) return;
    this.base = this.theirs.id;
    this.saved = this.theirs.text ?? '';
    if (!mine) this.text = this.saved;
    this.theirs = null;
    this.keep();
    void this.flush();
  }

  /** Store what is typed. True: the server has all of it. */
  flush(): Promise<boolean> {
    clearTimeout(this.timer);
    this.running ??= this.send().finally(() => (this.running = null));
    return this.running;
  }

  /** What is not stored yet is thrown away. */
  drop(): void {
    clearTimeout(this.timer);
    sessionStorage.removeItem(this.key);
  }

  private async send(): Promise<boolean> {
    while (this.changed && this.text.trim() !== '' && !this.theirs) {
      this.state = 'saving';
      const sent = { text: this.text, replaces: this.base, known: new Set(this.known) };
      try {
        if (this.lost && (await this.foundAgain())) continue;
        const { id } = await centre.note(this.referral, this.kind, sent.text, sent.replaces);
        this.stored(id, sent.text);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        this.failed(error, sent);
        return false;
      }
    }
    this.state = 'idle';
    return !this.changed && !this.theirs;
  }

  /** An answer was lost: did the note arrive? Then it is not sent twice. */
  private async foundAgain(): Promise<boolean> {
    const { notes } = await centre.case(this.referral);
    const lost = this.lost;
    this.lost = null;
    const note = lost && arrived(notes, lost);
    if (note && lost) this.stored(note.id, lost.text);
    const other = this.base ? replacedBy(notes, this.base) : undefined;
    if (other) this.theirs = other;
    return note !== undefined || other !== undefined;
  }

  private stored(id: string, text: string): void {
    this.tries = 0;
    this.base = id;
    this.saved = text;
    this.lost = null;
    this.keep();
  }

  private failed(error: Problem, sent: { text: string; replaces: string | null; known: Set<string> }): void {
    if (error.status === 0 && !this.lost) this.lost = sent;
    if (error.signIn) this.state = 'signed_out';
    else if (error.passing) {
      this.state = 'away';
      this.later(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)] ?? 0);
    } else {
      this.state = 'idle';
      this.problem = error;
    }
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), ms);
  }

  private keep(): void {
    if (!this.changed) sessionStorage.removeItem(this.key);
    else sessionStorage.setItem(this.key, JSON.stringify({ kind: this.kind, text: this.text, base: this.base, saved: this.saved } satisfies Kept));
  }
}
