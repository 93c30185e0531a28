import { Problem } from '../lib/problem';
import { records } from './api';
import { asked, unanswered } from './logic/checklist';
import type { Answers, Checklist, Scored } from './types';

const AGAIN_MS = 2000;

/** A checklist that is being filled in. Every answer is sent at once, so that one that is an alarm is one at once. */
export class Filler {
  readonly id = crypto.randomUUID();
  form = $state('');
  answers = $state.raw<Answers>({});
  scored = $state.raw<Scored | null>(null);
  /** The latest answers are not at the server. */
  failure = $state.raw<Problem | null>(null);
  finished = $state(false);
  readonly items = $derived.by(() => asked(this.list, this.form, this.answers, this.scored?.missing ?? []));
  readonly open = $derived.by(() => unanswered(this.items, this.answers));
  readonly alarm = $derived.by(() => (this.scored?.alarms.length ?? 0) > 0);
  private running: Promise<boolean> | null = null;
  private stale = false;
  private ending = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly list: Checklist,
    readonly contact: string | null,
  ) {
    this.form = list.forms[0]?.id ?? '';
  }

  answer(item: string, value: number): void {
    this.answers = { ...this.answers, [item]: value };
    void this.send();
  }

  choose(form: string): void {
    this.form = form;
    if (Object.keys(this.answers).length > 0) void this.send();
  }

  async finish(): Promise<void> {
    this.ending = true;
    this.finished = await this.send();
    this.ending = this.finished;
  }

  /** Send what is answered so far; what is answered meanwhile goes after it. True: the server has it. */
  send(): Promise<boolean> {
    clearTimeout(this.timer);
    this.stale = true;
    this.running ??= this.run().finally(() => (this.running = null));
    return this.running;
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private async run(): Promise<boolean> {
    while (this.stale) {
      this.stale = false;
      try {
        this.scored = await records.fill(this.id, {
          checklist: this.list.id,
          version: this.list.version,
          form: this.form,
          contact: this.contact,
          answers: this.answers,
          note: '',
          finished: this.ending,
        });
        this.failure = null;
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        this.failure = error;
        if (error.passing) this.timer = setTimeout(() => void this.send(), AGAIN_MS);
        return false;
      }
    }
    return true;
  }
}
