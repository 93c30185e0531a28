import type { Person } from '../lib/types';
import type { Board } from './board.svelte';
import { between, monday, plus, weekday } from './logic/days';
import type { Place, Range, Size } from './logic/grid';
import { clamp, rangeOf } from './logic/grid';

const PAST = 3;

/** What of a board is shown, and where in it one is. */
export class Cursor {
  words = $state('');
  skill = $state('');
  view = $state<'month' | 'week'>('month');
  /** The Monday of the week that is shown. */
  week = $state('');
  active = $state.raw<Place>({ row: 0, col: 0 });
  anchor = $state.raw<Place>({ row: 0, col: 0 });
  /** A cell that was picked up to change places with another. */
  picked = $state.raw<Place | null>(null);
  /** Where the fill handle was dragged to. */
  filling = $state.raw<Range | null>(null);
  /** Letters typed so far of a shift with several. */
  letters = $state('');
  /** A touch extends the range instead of moving there. */
  extending = $state(false);

  readonly people: Person[] = $derived.by(() => this.board.roster?.people.filter((one) => this.shows(one)) ?? []);
  readonly days: string[] = $derived.by(() =>
    this.view === 'week' ? between(this.week, plus(this.week, 6)).filter((day) => this.board.days.includes(day)) : this.board.days,
  );
  /** Days before the month that are shown beside it: what rules look back on. */
  readonly past: string[] = $derived.by(() => {
    const first = this.board.days[0];
    return first && this.days[0] === first ? between(plus(first, -PAST), plus(first, -1)) : [];
  });
  readonly size: Size = $derived({ rows: this.people.length, cols: this.days.length });
  readonly range: Range = $derived(rangeOf(clamp(this.anchor, this.size), clamp(this.active, this.size)));

  constructor(private readonly board: Board) {}

  get skills(): string[] {
    return [...new Set(this.board.roster?.people.flatMap((one) => [...one.skills, ...one.languages]))].sort();
  }

  go(place: Place, extend = false): void {
    this.active = clamp(place, this.size);
    if (!extend) this.anchor = this.active;
    this.letters = '';
  }

  all(): void {
    this.anchor = { row: 0, col: 0 };
    this.active = { row: this.size.rows - 1, col: this.size.cols - 1 };
  }

  /** Show the cell of a person on a day, whatever is filtered out; nobody: the day. False: it is not of this month. */
  show(person: string | null, day: string): boolean {
    if (!this.board.days.includes(day)) return false;
    if (person && !this.people.some((one) => one.id === person)) this.words = this.skill = '';
    if (this.view === 'week') this.week = monday(day);
    const row = this.people.findIndex((one) => one.id === person);
    this.go({ row: Math.max(0, row), col: Math.max(0, this.days.indexOf(day)) });
    return true;
  }

  weekly(day: string): void {
    this.view = 'week';
    this.turn(monday(day));
  }

  /** Show another week; it must have a day of the month. */
  turn(week: string): void {
    const last = this.board.days.at(-1);
    const first = this.board.days[0];
    if (!first || !last) return;
    this.week = week > last ? monday(last) : plus(week, 6) < first ? monday(first) : week;
    this.go(this.active);
  }

  weekend = (day: string): 'sat' | 'sun' | '' => (weekday(day) === 6 ? 'sat' : weekday(day) === 0 ? 'sun' : '');

  private shows(person: Person): boolean {
    const wanted = this.words.trim().toLowerCase();
    const skilled = !this.skill || person.skills.includes(this.skill) || person.languages.includes(this.skill);
    return skilled && (!wanted || person.name.toLowerCase().includes(wanted) || person.extension.includes(wanted));
  }
}
