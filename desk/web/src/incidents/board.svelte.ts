import { sentence } from '../lib/notices.svelte';
import { Problem } from '../lib/problem';
import { serial } from '../lib/serial';
import type { Day } from '../lib/types';
import { today } from '../roster/logic/days';
import { crisis } from './api';
import { fresh, reminded, sorted } from './logic';
import type { Detail, Incident, Partner } from './types';

/** What the server said of incidents, and its clock. */
export class Board {
  /** Null until it was asked. */
  open = $state.raw<Incident[] | null>(null);
  ended = $state.raw<Incident[]>([]);
  day = $state<Day>(today());
  detail = $state.raw<Detail | null>(null);
  partners = $state.raw<Partner[]>([]);
  test = $state(false);
  failure = $state('');
  /** Those that have just come, and those of which it was just asked whether help arrived. */
  news = $state.raw<Incident[]>([]);
  asked = $state.raw<Incident[]>([]);
  /** The server's time, moved on every second. */
  now = $state(Date.now());
  private ahead = 0;

  constructor(private readonly chosen: () => string | null) {}

  /** Keep the timers going; call what is returned to stop. */
  run(): () => void {
    const timer = setInterval(() => (this.now = Date.now() + this.ahead), 1000);
    return () => clearInterval(timer);
  }

  /** Ask for everything that is shown. */
  readonly look = serial(() => this.ask());

  partner(id: string): Partner | undefined {
    return this.partners.find((one) => one.id === id);
  }

  private async ask(): Promise<void> {
    const id = this.chosen();
    try {
      if (!this.partners.length) {
        const found = await crisis.partners();
        [this.partners, this.test] = [found.partners, found.test];
      }
      const [open, ended, detail] = await Promise.all([crisis.open(), crisis.ended(this.day), id ? crisis.one(id) : null]);
      this.ahead = Date.parse(open.now) - Date.now();
      this.now = Date.now() + this.ahead;
      this.test = open.test;
      const [news, asked] = [fresh(this.open, open.incidents), reminded(this.open, open.incidents)];
      // What was said stays until there is something else to say: a look that comes a moment later must not cut it off.
      if (news.length || asked.length) [this.news, this.asked] = [news, asked];
      this.open = sorted(open.incidents);
      this.ended = ended.incidents;
      // Somebody may have gone to another one meanwhile: then it is asked for by then.
      if (id === this.chosen()) this.detail = detail;
      this.failure = '';
    } catch (error) {
      // A server that is away takes nothing off the screen: what is typed and shown is needed now.
      const gone = error instanceof Problem && !error.passing && !error.signIn;
      if (gone || this.detail?.incident.id !== this.chosen()) this.detail = null;
      this.failure = sentence(error);
    }
  }
}
