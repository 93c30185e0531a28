import { sentence } from '../lib/notices.svelte';
import { Problem } from '../lib/problem';

const LOOK_MS = 700;
const AGAIN_MS = 4000;

interface Deeds<A> {
  /** Begin it; its id. */
  begin: () => Promise<string>;
  look: (id: string) => Promise<A>;
  cancel: (id: string) => Promise<void>;
  /** The code of the answer that one is under way already. */
  already: string;
}

/** Long work of the server's: begun, looked at until it has ended, stopped by whoever began it and leaves. */
export class Job<A extends { state: string }> {
  /** '' none was begun. */
  id = $state('');
  answer = $state.raw<A | null>(null);
  failure = $state('');
  readonly running = $derived.by(() => this.id !== '' && (this.answer === null || this.answer.state === 'running'));
  /** Seconds since it was begun here, at the last look. */
  passed = $state(0);
  private began = 0;
  /** Somebody else's that was under way is looked at, and not stopped by leaving. */
  private joined = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly deeds: Deeds<A>) {}

  start = (): Promise<void> =>
    this.attempt(async () => {
      this.answer = null;
      this.id = await this.begun();
      this.began = Date.now();
      await this.look();
    });

  cancel = (): Promise<void> => this.attempt(() => this.deeds.cancel(this.id));

  anew = (): void => {
    clearTimeout(this.timer);
    this.id = this.failure = '';
  };

  /** Whoever leaves does not want the answer. */
  leave(): void {
    clearTimeout(this.timer);
    if (this.running && !this.joined) void this.deeds.cancel(this.id).catch(() => undefined);
  }

  /** Something that has to do with it; what goes wrong is shown. */
  async attempt(deed: () => Promise<void>): Promise<void> {
    this.failure = '';
    try {
      await deed();
    } catch (error) {
      this.failure = sentence(error);
    }
  }

  private async begun(): Promise<string> {
    this.joined = false;
    try {
      return await this.deeds.begin();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== this.deeds.already || typeof error.more['job'] !== 'string') throw error;
      this.joined = true;
      return error.more['job'];
    }
  }

  private async look(): Promise<void> {
    try {
      this.answer = await this.deeds.look(this.id);
      this.failure = '';
    } catch (error) {
      this.failure = sentence(error);
      if (!(error instanceof Problem) || !(error.passing || error.signIn)) return;
    }
    this.passed = Math.round((Date.now() - this.began) / 1000);
    if (this.running) this.timer = setTimeout(() => void this.look(), this.failure ? AGAIN_MS : LOOK_MS);
  }
}
