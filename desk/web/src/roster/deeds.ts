import { notices } from '../lib/notices.svelte';
import { t } from '../lib/words.svelte';
import type { Board } from './board.svelte';
import type { Cursor } from './cursor.svelte';
import { fromTable, tiled, toTable } from './logic/clipboard';
import { cellText, parseCell, toggled } from './logic/codes';
import type { Held, Put } from './logic/edits';
import * as edits from './logic/edits';
import type { Place, Range } from './logic/grid';
import { clamp, places, samePlace, single } from './logic/grid';

/** What can be done to the cells that are chosen; the same for keys, pointer and buttons. */
export class Deeds {
  constructor(
    readonly board: Board,
    readonly cursor: Cursor,
    readonly mayEdit: () => boolean,
  ) {}

  look = (place: Place): Held => {
    const [person, day] = [this.cursor.people[place.row], this.cursor.days[place.col]];
    return person && day ? this.board.look(person.id, day) : { codes: [], pinned: false };
  };

  set(codes: string[]): void {
    this.put(edits.setAll(this.cursor.range, codes));
  }

  /** A shift typed as a letter: into all chosen cells, or into one and on to the next day. `add`: beside what is there. */
  type(code: string, add = false): void {
    const range = this.cursor.range;
    if (add) this.put(places(range).map((place) => ({ ...place, codes: toggled(this.look(place).codes, code) })));
    else this.set([code]);
    if (single(range) && !add) this.cursor.go({ row: range.top, col: range.left + 1 });
  }

  pin(): void {
    this.put(edits.pinnedAll(this.cursor.range, this.look));
  }

  fillDown(): void {
    this.put(edits.filledDown(this.cursor.range, this.look));
  }

  fillRight(): void {
    this.put(edits.filledRight(this.cursor.range, this.look));
  }

  fillOver(target: Range): void {
    this.put(edits.filledOver(this.cursor.range, target, this.look));
    this.cursor.anchor = { row: target.top, col: target.left };
    this.cursor.active = { row: target.bottom, col: target.right };
  }

  swap(one: Place, other: Place): void {
    this.cursor.picked = null;
    if (!samePlace(one, other)) this.put(edits.swapped(one, other, this.look));
  }

  /** Pick up the cell, or, when one is picked up, change places with it. */
  pickOrSwap(): void {
    const { active, picked } = this.cursor;
    if (picked) {
      this.swap(picked, active);
      notices.said = t('swapped');
    } else {
      this.cursor.picked = active;
      notices.said = t('picked_up');
    }
  }

  copied(): string {
    const { top, bottom, left, right } = this.cursor.range;
    const cols = Array.from({ length: right - left + 1 }, (_, index) => left + index);
    const rows = Array.from({ length: bottom - top + 1 }, (_, index) => top + index);
    return toTable(rows.map((row) => cols.map((col) => cellText(this.look({ row, col }).codes))));
  }

  /** All of it or nothing: a text that is no shift is named with its cell. */
  paste(text: string): void {
    const types = this.board.roster?.shift_types ?? [];
    const { range } = this.cursor;
    const block = tiled(fromTable(text), range.bottom - range.top + 1, range.right - range.left + 1);
    const puts: Put[] = [];
    const unknown: string[] = [];
    for (const [row, line] of block.entries()) {
      for (const [col, cell] of line.entries()) {
        const place = { row: range.top + row, col: range.left + col };
        if (cell === undefined || !samePlace(place, clamp(place, this.cursor.size))) continue;
        const codes = parseCell(cell, types);
        if (codes) puts.push({ ...place, codes });
        else unknown.push(`${this.cursor.people[place.row]?.name} ${this.cursor.days[place.col]?.slice(5)} “${cell.slice(0, 20)}”`);
      }
    }
    if (unknown.length > 0) {
      notices.wrong(t('paste_unknown', { cells: unknown.slice(0, 3).join(', '), count: unknown.length }));
      return;
    }
    this.put(puts);
    const last = puts.at(-1);
    if (last) {
      this.cursor.anchor = { row: range.top, col: range.left };
      this.cursor.active = { row: last.row, col: last.col };
    }
  }

  private put(puts: Put[]): void {
    if (!this.mayEdit()) return;
    this.board.put(
      puts.flatMap((put) => {
        const [person, day] = [this.cursor.people[put.row], this.cursor.days[put.col]];
        if (!person || !day) return [];
        const now = this.look(put);
        return [{ person: person.id, day, before: now.codes, after: put.codes, pinned: put.pinned ?? now.pinned }];
      }),
    );
  }
}
