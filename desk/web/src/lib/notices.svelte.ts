import { Problem } from './problem';
import { words } from './words.svelte';

export interface Notice {
  id: number;
  kind: 'done' | 'wrong';
  text: string;
}

const SHOWN_MS = 6000;

/** Short messages. What went wrong stays until it is closed; what went well goes by itself. Screen readers are told both. */
class Notices {
  shown = $state<Notice[]>([]);
  /** For screen readers only: where the cursor is, what a key did. */
  said = $state('');
  private next = 1;

  done(text: string): void {
    const id = this.add('done', text);
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  wrong(text: string): void {
    if (!this.shown.some((one) => one.text === text)) this.add('wrong', text);
  }

  failed(error: unknown): void {
    this.wrong(sentence(error));
  }

  close(id: number): void {
    this.shown = this.shown.filter((one) => one.id !== id);
  }

  private add(kind: Notice['kind'], text: string): number {
    const id = this.next++;
    this.shown = [...this.shown, { id, kind, text }].slice(-4);
    return id;
  }
}

export const notices = new Notices();

/** What a person reads of an error. An error of the page itself is not hidden: it is thrown again. */
export function sentence(error: unknown): string {
  if (error instanceof Problem) return error.text(words.language);
  throw error;
}
