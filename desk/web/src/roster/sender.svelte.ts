import { api } from '../lib/api';
import { Problem } from '../lib/problem';
import type { Cell, Change, Edited } from '../lib/types';
import type { Batch, Choice, Conflict } from './logic/outbox';
import { compare, overlay, resolved, restored, together } from './logic/outbox';

export interface Host {
  readonly month: string;
  version: number;
  confirmed(edited: Edited): void;
  /** Cells hold something else than was thought. */
  corrected(version: number, cells: Cell[]): void;
  /** The server does not take it, and will not: it is taken back. */
  refused(problem: Problem, changes: Change[]): void;
}

const AGAIN_MS = [1000, 2000, 5000, 10_000];

/** Sends edits one by one in their order. What can't be sent now waits, also over a reload of the page. */
export class Sender {
  batches = $state.raw<Batch[]>([]);
  conflicts = $state.raw<Conflict[]>([]);
  /** `away`: the server is not reached; tried again by itself. */
  state = $state<'idle' | 'sending' | 'away' | 'signed_out'>('idle');
  readonly waiting = $derived(overlay(this.batches));
  private busy = false;
  private tries = 0;
  private number = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    private readonly keptAs: string,
  ) {
    this.batches = restored(sessionStorage.getItem(keptAs));
  }

  get settled(): boolean {
    return this.batches.length === 0 && !this.busy;
  }

  add(changes: Change[], reason = ''): void {
    this.keep([...this.batches, { id: `${Date.now()} ${this.number++}`, changes, ...(reason && { reason }) }]);
    void this.flush();
  }

  /** Send what waits. True when nothing waits any more. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.busy) return this.ended();
    this.busy = true;
    try {
      while (this.batches[0] && this.conflicts.length === 0 && (await this.send(this.batches[0])));
    } finally {
      this.busy = false;
    }
    for (const listener of this.listeners.splice(0)) listener(this.settled);
    return this.settled;
  }

  decide(choices: ReadonlyMap<string, Choice>): void {
    this.keep(resolved(this.batches, this.conflicts, choices));
    this.conflicts = [];
    void this.flush();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private readonly listeners: ((settled: boolean) => void)[] = [];

  private ended(): Promise<boolean> {
    return new Promise((resolve) => this.listeners.push(resolve));
  }

  /** True: go on with the next one. */
  private async send(batch: Batch): Promise<boolean> {
    this.state = 'sending';
    try {
      const edited = await api.edit(this.host.month, this.host.version, batch.changes, batch.reason);
      this.tries = 0;
      this.keep(this.batches.slice(1));
      this.state = 'idle';
      this.host.confirmed(edited);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return this.failed(error);
    }
  }

  private failed(problem: Problem): boolean {
    if (problem.signIn) {
      this.state = 'signed_out';
      return false;
    }
    if (problem.code === 'edited_meanwhile') return this.met(problem);
    if (problem.passing) return this.later();
    this.state = 'idle';
    // What came after it was typed over it and may not make sense without it.
    const lost = together(this.batches);
    this.keep([]);
    this.host.refused(problem, lost);
    return false;
  }

  private met(problem: Problem): boolean {
    const cells = (problem.more['cells'] ?? []) as Cell[];
    const { again, conflicts } = compare(this.batches, cells);
    this.host.corrected(problem.more['version'] as number, cells);
    this.keep(again);
    this.conflicts = conflicts;
    this.state = 'idle';
    // The same once more is right after a newer version; a second time somebody else is at it as well: not at once.
    return conflicts.length === 0 && (this.tries++ === 0 || this.later());
  }

  private later(): false {
    this.state = 'away';
    this.timer = setTimeout(() => void this.flush(), AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)]);
    return false;
  }

  private keep(batches: Batch[]): void {
    this.batches = batches;
    if (batches.length > 0) sessionStorage.setItem(this.keptAs, JSON.stringify(batches));
    else sessionStorage.removeItem(this.keptAs);
  }
}
