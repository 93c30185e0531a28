import type { Wrong } from '../lib/fields';
import { wrongFields } from '../lib/fields';
import { Problem } from '../lib/problem';
import { records } from './api';
import { keptAs, restored } from './logic/kept';
import type { Choice, Compared, Conflict } from './logic/merge';
import { differing, merge, resolved, sendable, settled } from './logic/merge';
import type { Content, Entry, SavedEntry } from './types';

const PAUSE_MS = 800;
const AGAIN_MS = [1000, 2000, 5000, 10_000];
/** Somebody else may be faster more than once; not for ever. */
const MOST_MERGES = 5;

/** A record that is being written. What is typed is stored by itself, and stays in the browser until the server has it. */
export class Editor {
  /** As the server has it. */
  entry = $state.raw<Entry>() as Entry;
  /** As it is typed. */
  content = $state() as Content;
  state = $state<'idle' | 'saving' | 'away' | 'signed_out'>('idle');
  /** What is wrong with which field. */
  wrong = $state.raw<Wrong>({});
  /** How many registration numbers were taken out of which text. */
  removed = $state.raw<Record<string, number>>({});
  conflicts = $state.raw<Conflict[]>([]);
  /** Something went wrong that belongs to no field. */
  failure = $state.raw<Problem | null>(null);
  readonly changed = $derived(differing(this.content, this.entry.content));
  readonly final = $derived(this.entry.state === 'final');

  private theirs: Entry | null = null;
  private running: Promise<boolean> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private readonly key: string;

  constructor(entry: Entry, user: string) {
    this.key = keptAs(user, entry.id);
    this.entry = entry;
    this.content = blank(entry);
    const kept = entry.mine ? restored(sessionStorage.getItem(this.key)) : null;
    if (!kept) return;
    this.entry = { ...entry, version: kept.version, content: kept.base };
    this.content = kept.content;
    if (kept.version !== entry.version) this.meet(entry);
    else this.entry = entry;
    if (!this.final) this.later(0);
  }

  /** Something was typed or chosen. */
  touched(field?: string): void {
    if (field && this.wrong[field]) this.wrong = Object.fromEntries(Object.entries(this.wrong).filter(([name]) => name !== field && !name.startsWith(`${field}.`)));
    this.failure = null;
    this.keep();
    if (!this.final) this.later(PAUSE_MS);
  }

  /** Store what is typed. True: the server has all of it. */
  flush(): Promise<boolean> {
    clearTimeout(this.timer);
    this.running ??= this.send().finally(() => (this.running = null));
    return this.running;
  }

  /** What is not to be stored is taken back. */
  discard(): void {
    this.content = blank(this.entry);
    this.wrong = {};
    this.keep();
  }

  async finalise(): Promise<boolean> {
    if (!(await this.flush())) return false;
    try {
      this.entry = await records.finalise(this.entry.id, this.entry.version);
      this.content = blank(this.entry);
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  decide(choices: ReadonlyMap<Compared, Choice>): void {
    if (!this.theirs) return;
    this.content = resolved($state.snapshot(this.content), this.conflicts, choices);
    this.entry = this.theirs;
    this.conflicts = [];
    this.theirs = null;
    this.keep();
    if (!this.final) void this.flush();
  }

  /** Something else of the record was changed: a consent. What was refused for want of it is worth another try. */
  took(entry: Entry): void {
    const { merged, conflicts } = merge(this.entry.content, $state.snapshot(this.content), entry.content);
    if (conflicts.length > 0) return this.meet(entry);
    this.content = merged;
    this.entry = entry;
    this.wrong = {};
    this.keep();
    if (!this.final) void this.flush();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async send(): Promise<boolean> {
    for (let merges = 0; merges < MOST_MERGES && this.conflicts.length === 0; ) {
      const sent = sendable($state.snapshot(this.content), this.entry.content, new Set(Object.keys(this.wrong)));
      if (differing(sent, this.entry.content).length === 0) break;
      this.state = 'saving';
      try {
        this.stored(await records.save(this.entry.id, this.entry.version, sent), sent);
      } catch (error) {
        if (error instanceof Problem && error.code === 'written_meanwhile') {
          merges += 1;
          if (await this.lookAgain()) continue;
        } else if (this.failed(error)) continue;
        return false;
      }
    }
    if (this.state === 'saving') this.state = 'idle';
    return this.changed.length === 0;
  }

  private stored(saved: SavedEntry, sent: Content): void {
    this.tries = 0;
    const reason = this.content.reason;
    this.content = { ...settled($state.snapshot(this.content), sent, saved.record.content), reason: saved.record.state === 'final' ? '' : reason };
    this.entry = saved.record;
    this.removed = { ...this.removed, ...saved.removed };
    this.failure = null;
    this.keep();
  }

  /** Somebody else was faster: what they wrote and what is typed are put together, or both are shown. */
  private async lookAgain(): Promise<boolean> {
    try {
      this.meet(await records.get(this.entry.id));
    } catch (error) {
      this.failed(error);
      return false;
    }
    return this.conflicts.length === 0;
  }

  private meet(theirs: Entry): void {
    const { merged, conflicts } = merge(this.entry.content, $state.snapshot(this.content), theirs.content);
    this.content = merged;
    if (conflicts.length === 0) this.entry = theirs;
    else {
      this.theirs = theirs;
      this.conflicts = conflicts;
      this.state = 'idle';
    }
    this.keep();
  }

  /** True: worth sending what is left, now that it is known what is refused. */
  private failed(error: unknown): boolean {
    if (!(error instanceof Problem)) throw error;
    this.state = 'idle';
    if (error.signIn) {
      this.state = 'signed_out';
    } else if (error.passing) {
      this.state = 'away';
      this.later(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)] ?? PAUSE_MS);
    } else {
      const wrong = wrongFields(error);
      const news = Object.keys(wrong).some((field) => !this.wrong[field]);
      this.wrong = { ...this.wrong, ...wrong };
      if (Object.keys(wrong).length === 0) this.failure = error;
      return news && !('reason' in wrong) && error.code !== 'not_final';
    }
    return false;
  }

  private later(after: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), after);
  }

  private keep(): void {
    if (this.changed.length === 0) sessionStorage.removeItem(this.key);
    else {
      const { version, content } = this.entry;
      sessionStorage.setItem(this.key, JSON.stringify({ version, base: content, content: this.content }));
    }
  }
}

/** The reason of the last change is not that of the next one. */
const blank = (entry: Entry): Content => ({ ...entry.content, kinds: [...entry.content.kinds], skills: [...entry.content.skills], reason: '' });
