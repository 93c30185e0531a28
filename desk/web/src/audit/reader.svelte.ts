import { api } from '../lib/api';
import { sentence } from '../lib/notices.svelte';
import type { AccessRow } from '../lib/types';
import { dayIn } from '../roster/logic/days';

export interface Filter {
  actor: string;
  action: string;
  /** "" any. */
  day: string;
}

/** What the server gives at once: fewer are the end of the log. */
const PAGE = 100;
/** Rows that are found before one is asked whether to go on, and pages that are read for it at most. */
const ENOUGH = 50;
const MOST_PAGES = 10;

/** The access log from its newest row backwards, as far as it was read. The server picks the actor; the rest is picked here. */
export class Reader {
  rows = $state.raw<AccessRow[]>([]);
  /** How far it was read. */
  last = $state.raw<AccessRow | null>(null);
  ended = $state(false);
  busy = $state(false);
  failure = $state('');
  private filter: Filter = { actor: '', action: '', day: '' };
  private turn = 0;

  /** Begin anew with another filter. */
  async begin(filter: Filter): Promise<void> {
    this.turn++;
    this.filter = { ...filter };
    this.rows = [];
    this.last = null;
    this.ended = false;
    await this.more();
  }

  /** Read on until there is something to show. */
  async more(): Promise<void> {
    const turn = this.turn;
    const before = this.rows.length;
    this.busy = true;
    this.failure = '';
    try {
      for (let pages = 0; pages < MOST_PAGES && !this.ended && this.rows.length < before + ENOUGH; pages++) {
        const page = (await api.accessLog(this.filter.actor, this.last?.number)).rows;
        if (turn !== this.turn) return;
        this.take(page);
      }
    } catch (error) {
      if (turn === this.turn) this.failure = sentence(error);
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  }

  private take(page: AccessRow[]): void {
    const { action, day } = this.filter;
    this.rows = [...this.rows, ...page.filter((row) => (!action || row.action === action) && (!day || dayIn(row.at) === day))];
    this.last = page.at(-1) ?? this.last;
    // Rows are in the order in which they were written, which is the order of their times.
    this.ended = page.length < PAGE || (day !== '' && this.last !== null && dayIn(this.last.at) < day);
  }
}
