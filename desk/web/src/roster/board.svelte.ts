import { api } from '../lib/api';
import { notices, sentence } from '../lib/notices.svelte';
import { Problem } from '../lib/problem';
import { session } from '../lib/session.svelte';
import { stream } from '../lib/stream';
import type { Base, Cell, Change, Edited, Roster, RosterChanged, Tally, Violation } from '../lib/types';
import { inBoth, t } from '../lib/words.svelte';
import { between } from './logic/days';
import type { Held } from './logic/edits';
import { worstByShift } from './logic/need';
import { keyOf, meaningful } from './logic/outbox';
import { Sender } from './sender.svelte';

const NOTHING: Held = { codes: [], pinned: false };
const REFRESH_MS = 300;
const MARKED_MS = 20_000;

/** A month's roster as this page shows it: what the server said, with what waits to be sent laid over it. */
export class Board {
  roster = $state.raw<Roster | null>(null);
  version = $state(0);
  violations = $state.raw<Violation[]>([]);
  fairness = $state.raw<Record<string, Tally>>({});
  /** Cells that somebody else has just changed, by who. */
  marks = $state.raw<ReadonlyMap<string, string>>(new Map());
  failure = $state('');
  /** Why a roster that is in force is being changed: asked once, kept for all that follows. */
  reason = $state('');
  /** Changes that wait for a reason. Null: nothing asks for one. */
  asking = $state.raw<Change[] | null>(null);
  readonly sender: Sender;
  readonly days = $derived(this.roster ? between(this.roster.period.first, this.roster.period.last) : []);
  readonly people = $derived(new Map(this.roster?.people.map((one) => [one.id, one])));
  readonly worst = $derived.by(() => worstByShift(this.coverage, this.roster?.shift_types ?? [], this.days));
  readonly byCell = $derived.by(() => this.marked());
  readonly away = $derived.by(() => this.leaves());
  /** What was worked before the month, by cell. */
  readonly before = $derived(new Map(this.roster?.before.map((cell) => [keyOf(cell), cell.codes])));
  private coverage = $state.raw<Roster['coverage']>([]);
  private cells = $state.raw<ReadonlyMap<string, Held>>(new Map());
  private missed = false;
  /** What else waits for a reason. */
  private later: (() => void) | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly ends: (() => void)[];

  constructor(readonly month: string) {
    this.sender = new Sender(this, `edits ${session.person?.id ?? ''} ${month}`);
    const back = () => void this.sender.flush();
    // What waits survives a reload, but not the end of the tab.
    const stay = (event: BeforeUnloadEvent) => !this.sender.settled && event.preventDefault();
    addEventListener('online', back);
    addEventListener('beforeunload', stay);
    this.ends = [
      stream.on('roster_changed', (data) => this.heard(data as RosterChanged)),
      stream.on('roster_published', () => this.refresh()),
      ...(['requests_changed', 'rules_changed', 'demand_changed', 'people_changed'] as const).map((kind) => stream.on(kind, () => this.refresh())),
      stream.on('reload', () => this.refresh()),
      session.onSignedIn(() => void this.load().then(back)),
      () => removeEventListener('online', back),
      () => removeEventListener('beforeunload', stay),
    ];
  }

  end(): void {
    clearTimeout(this.timer);
    this.sender.stop();
    for (const end of this.ends) end();
  }

  async load(): Promise<void> {
    try {
      const roster = await api.roster(this.month);
      // Older than what is known by now: an edit was confirmed while this was on its way.
      if (roster.version < this.version) return this.refresh();
      this.roster = roster;
      this.cells = new Map(roster.cells.map((cell) => [keyOf(cell), held(cell)]));
      this.take(roster);
      this.failure = '';
      void this.sender.flush();
    } catch (error) {
      this.failure = sentence(error);
      if (error instanceof Problem && error.passing) this.refresh(5000);
    }
  }

  look(person: string, day: string): Held {
    const key = `${person} ${day}`;
    const waiting = this.sender.waiting.get(key);
    return waiting ? { codes: waiting.after, pinned: waiting.pinned ?? false } : (this.cells.get(key) ?? NOTHING);
  }

  /** Change cells, as one step. Shown at once, sent in the background; while there is no reason where there must be one, it is asked for first. */
  put(changes: Change[]): void {
    const real = meaningful(changes, (change) => this.look(change.person, change.day).pinned);
    if (real.length === 0) return;
    if (this.inForce && !this.reason) this.asking = [...(this.asking ?? []), ...real];
    else this.sender.add(real, this.inForce ? this.reason : '');
  }

  /** Whether people work by this roster: what changes now, changes their days. */
  get inForce(): boolean {
    return this.roster?.published_version != null;
  }

  /** The reason for what waits and for what follows. */
  because(reason: string): void {
    this.reason = reason.trim();
    const [waiting, later] = [this.asking ?? [], this.later];
    this.drop();
    if (waiting.length > 0) this.sender.add(waiting, this.reason);
    later?.();
  }

  /** Without a reason nothing of what waits is done. */
  drop(): void {
    this.asking = null;
    this.later = null;
  }

  /** A change of the whole roster: where people work by it and no reason is known yet, it is asked for first. */
  reasoned(deed: () => void): void {
    if (!this.inForce || this.reason) return deed();
    this.asking ??= [];
    this.later = deed;
  }

  /** What such a change is sent with. */
  get base(): Base {
    return this.inForce && this.reason ? { base_version: this.version, reason: this.reason } : { base_version: this.version };
  }

  takeBack(kind: 'undo' | 'redo'): void {
    this.reasoned(() => void this.takenBack(kind));
  }

  private async takenBack(kind: 'undo' | 'redo'): Promise<void> {
    try {
      await this.sent();
      await this.taking(() => api[kind](this.month, this.base));
      notices.said = t(kind === 'undo' ? 'undone' : 'redone');
    } catch (error) {
      notices.failed(error);
    }
  }

  /** Everything that was typed has reached the server. Throws `Problem` while something waits. */
  async sent(): Promise<void> {
    if (!(await this.sender.flush())) throw new Problem(0, 'waits_first', inBoth('waits_first'));
  }

  /** A change of the whole roster by the server. Somebody else changed it meanwhile: it is fetched, to be looked at before the next try. */
  async taking(deed: () => Promise<Edited>): Promise<Edited> {
    try {
      const edited = await deed();
      this.confirmed(edited);
      return edited;
    } catch (error) {
      if (error instanceof Problem && error.code === 'edited_meanwhile') await this.load();
      throw error;
    }
  }

  confirmed(edited: Edited): void {
    this.lay(edited.cells);
    this.take(edited);
    if (this.missed) this.refresh();
  }

  corrected(version: number, cells: Cell[]): void {
    this.lay(cells);
    this.version = Math.max(this.version, version);
    this.refresh();
  }

  refused(problem: Problem, changes: Change[]): void {
    // It has come into force while this was typed: nothing is lost, the reason is asked for.
    if (problem.code === 'reason_needed') this.asking = [...(this.asking ?? []), ...changes];
    else notices.failed(problem);
    this.refresh(0);
  }

  /** Fetch everything anew, once for many calls. */
  refresh(after = REFRESH_MS): void {
    clearTimeout(this.timer);
    this.missed = false;
    this.timer = setTimeout(() => void this.load(), after);
  }

  private heard(event: RosterChanged): void {
    if (event.month !== this.month || event.version <= this.version) return;
    if (event.by_user !== session.person?.id) this.mark(event);
    if (!this.sender.settled) {
      // Perhaps our own edit, whose answer is on its way; else it is fetched when that has come.
      this.missed = true;
      return;
    }
    if (event.version === this.version + 1) {
      this.version = event.version;
      this.lay(event.cells);
    }
    this.refresh();
  }

  private mark(event: RosterChanged): void {
    const by = event.by ?? t('somebody');
    this.marks = new Map([...this.marks, ...event.cells.map((cell) => [keyOf(cell), by] as const)]);
    notices.said = t('changed_by', { name: by, count: event.cells.length });
    setTimeout(() => {
      const gone = new Set(event.cells.map(keyOf));
      this.marks = new Map([...this.marks].filter(([key]) => !gone.has(key)));
    }, MARKED_MS);
  }

  private lay(cells: Cell[]): void {
    this.cells = new Map([...this.cells, ...cells.map((cell) => [keyOf(cell), held(cell)] as const)]);
  }

  private take(one: Pick<Edited, 'version' | 'violations' | 'coverage' | 'fairness'>): void {
    this.version = one.version;
    this.violations = one.violations;
    this.coverage = one.coverage;
    this.fairness = one.fairness;
  }

  private marked(): Map<string, Violation[]> {
    const found = new Map<string, Violation[]>();
    for (const violation of this.violations) {
      // What is about somebody's whole month stands in the list, and in no cell.
      if (!violation.person || violation.kind === 'fairness') continue;
      for (const day of new Set([violation.day, ...violation.days])) {
        const key = `${violation.person} ${day}`;
        found.set(key, [...(found.get(key) ?? []), violation]);
      }
    }
    return found;
  }

  private leaves(): Map<string, 'approved' | 'requested'> {
    const found = new Map<string, 'approved' | 'requested'>();
    for (const leave of this.roster?.leaves ?? []) {
      if (leave.state !== 'approved' && leave.state !== 'requested') continue;
      for (const day of between(leave.first, leave.last)) {
        const key = `${leave.person} ${day}`;
        if (found.get(key) !== 'approved') found.set(key, leave.state);
      }
    }
    return found;
  }
}

const held = (cell: Cell): Held => ({ codes: cell.codes, pinned: cell.pinned ?? false });
