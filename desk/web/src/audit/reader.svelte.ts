import { api } from '../lib/api';
import { sentence } from '../lib/notices.svelte';
import type { AccessRow } from '../lib/types';

/** Each "": any. */
export interface Filter {
  actor: string;
  action: string;
  day: string;
}

/** What the server gives at once: fewer are the end of the log. */
const PAGE = 100;

/** The access log from its newest row backwards, as far as it was read; the server picks the rows. */
export class Reader {
  rows = $state.raw<AccessRow[]>([]);
  ended = $state(false);
  busy = $state(false);
  failure = $state('');
  private filter: Filter = { actor: '', action: '', day: '' };
  private turn = 0;

  /** The oldest row that was read. */
  get last(): AccessRow | undefined {
    return this.rows.at(-1);
  }

  /** Begin anew with another filter. */
  async begin(filter: Filter): Promise<void> {
    this.turn++;
    this.filter = { ...filter };
    this.rows = [];
    this.ended = false;
    await this.more();
  }

  /** Read on. */
  async more(): Promise<void> {
    const turn = this.turn;
    this.busy = true;
    this.failure = '';
    try {
      const page = (await api.accessLog(this.filter, this.last?.number)).rows;
      if (turn !== this.turn) return;
      this.rows = [...this.rows, ...page];
      this.ended = page.length < PAGE;
    } catch (error) {
      if (turn === this.turn) this.failure = sentence(error);
    } finally {
      if (turn === this.turn) this.busy = false;
    }
  }
}
