import { beforeEach, expect, test, vi } from 'vitest';
import type { Change } from '../src/lib/types';
import type { Board } from '../src/roster/board.svelte';
import type { Held } from '../src/roster/logic/edits';

const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];
const PEOPLE = ['kim', 'lee'].map((id) => ({ id, name: id, extension: '', skills: id === 'kim' ? ['sign'] : [], languages: ['ko'] }));
const TYPES = ['D', 'E', 'N', 'SB', 'SV'].map((code) => ({ code, name: code, name_en: code, starts: '07:00', minutes: 480, duty: 'line' }));

/** A board that takes everything at once. */
class Sheet {
  roster = { people: PEOPLE, shift_types: TYPES };
  days = DAYS;
  undone: string[] = [];
  steps: Change[][] = [];
  private readonly cells = new Map<string, Held>();
  look = (person: string, day: string): Held => this.cells.get(`${person} ${day}`) ?? { codes: [], pinned: false };
  put(changes: Change[]) {
    this.steps.push(changes);
    for (const one of changes) this.cells.set(`${one.person} ${one.day}`, { codes: one.after, pinned: one.pinned ?? false });
  }
  takeBack(kind: string) {
    this.undone.push(kind);
  }
  get rows(): string {
    return PEOPLE.map((person) => DAYS.map((day) => this.look(person.id, day).codes.join('/') || '-').join(' ')).join(' | ');
  }
}

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('document', { documentElement: {} });
const { Cursor } = await import('../src/roster/cursor.svelte');
const { Deeds } = await import('../src/roster/deeds');
const { Keyboard } = await import('../src/roster/keyboard');

let sheet: Sheet;
let deeds: InstanceType<typeof Deeds>;
let keyboard: InstanceType<typeof Keyboard>;
let opened: number;
let mayEdit: boolean;

beforeEach(() => {
  sheet = new Sheet();
  const board = sheet as unknown as Board;
  mayEdit = true;
  deeds = new Deeds(board, new Cursor(board), () => mayEdit);
  opened = 0;
  keyboard = new Keyboard(deeds, () => opened++);
});

/** `Ctrl+d`, `Shift+ArrowRight`, `ㅇ`. */
function press(...strokes: string[]): boolean[] {
  return strokes.map((stroke) => {
    const parts = stroke.split('+');
    const key = parts.at(-1) as string;
    const has = (name: string) => parts.slice(0, -1).includes(name);
    const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : '';
    return keyboard.press({ key, code, ctrlKey: has('Ctrl'), metaKey: false, altKey: has('Alt'), shiftKey: has('Shift') } as KeyboardEvent);
  });
}

test('letters fill a week of one person, in either input state', () => {
  press('d', 'ㅇ', 'n');
  expect(sheet.rows).toBe('D D N | - - -');
  expect(deeds.cursor.active).toEqual({ row: 0, col: 2 });
});

test('a letter fills a whole range and stays there', () => {
  press('Shift+ArrowRight', 'Shift+ArrowDown', 'e');
  expect(sheet.rows).toBe('E E - | E E -');
  expect(sheet.steps).toHaveLength(1);
  expect(deeds.cursor.active).toEqual({ row: 1, col: 1 });
});

test('with Shift a shift is added beside the other, and taken away again', () => {
  press('d', 'ArrowLeft', 'Shift+S', 'Shift+V');
  expect(sheet.rows).toBe('D/SV - - | - - -');
  press('Shift+S', 'Shift+V');
  expect(sheet.rows).toBe('D - - | - - -');
});

test('two cells change places by keys alone', () => {
  press('d', 'n', 'Home', 'Alt+s', 'ArrowDown', 'ArrowRight', 'Enter');
  expect(sheet.rows).toBe('- N - | - D -');
  expect(opened).toBe(0);
});

test('Escape puts a picked cell back', () => {
  press('d', 'Home', 'Alt+s', 'Escape', 'ArrowDown', 'Enter');
  expect(sheet.rows).toBe('D - - | - - -');
  expect(opened).toBe(1);
});

test('a pasted block goes in as one step, and what is beyond the grid is left out', () => {
  press('ArrowRight');
  deeds.paste('D\tE\tN\tD\r\nN\t\tX\r\n'.replace('X', '휴'));
  expect(sheet.rows).toBe('- D E | - N -');
  expect(sheet.steps).toHaveLength(1);
});

test('a paste with one text that is no shift changes nothing', () => {
  deeds.paste('D\tE\nN\tQ');
  expect(sheet.steps).toHaveLength(0);
});

test('copied cells are those of the range', () => {
  press('d', 'n', 'Home', 'Shift+End', 'Shift+ArrowDown');
  expect(deeds.copied()).toBe('D\tN\t\n\t\t');
});

test('fill, pin, clear and undo have their keys', () => {
  press('d', 'Home', 'Shift+ArrowDown', 'Ctrl+d', 'Alt+p');
  expect(sheet.rows).toBe('D - - | D - -');
  expect(deeds.look({ row: 1, col: 0 }).pinned).toBe(true);
  press('Ctrl+z', 'Ctrl+Shift+z', 'Ctrl+y', 'Delete');
  expect(sheet.undone).toEqual(['undo', 'redo', 'redo']);
  expect(sheet.rows).toBe('- - - | - - -');
});

test("keys that are the browser's are left to it", () => {
  expect(press('Ctrl+c', 'Ctrl+f', 'Ctrl+Shift+r', 'Tab', 'F5', 'x')).toEqual([false, false, false, false, false, false]);
});

test('who may not edit changes nothing', () => {
  mayEdit = false;
  press('d', 'Delete', 'Ctrl+d', 'Alt+p');
  deeds.paste('D');
  expect(sheet.steps).toHaveLength(0);
});

test('a filter hides people, and going to one of them shows them again', () => {
  const { cursor } = deeds;
  cursor.skill = 'sign';
  expect(cursor.people.map((one) => one.id)).toEqual(['kim']);
  expect(cursor.show('lee', DAYS[1] as string)).toBe(true);
  expect([cursor.people.length, cursor.active]).toEqual([2, { row: 1, col: 1 }]);
  expect(cursor.show('lee', '2026-04-01')).toBe(false);
});

test('a week shows only days of the month', () => {
  const { cursor } = deeds;
  cursor.weekly('2026-03-03');
  expect(cursor.days).toEqual(['2026-03-02', '2026-03-03']);
  cursor.turn('2026-02-23');
  expect(cursor.days).toEqual(['2026-03-01']);
  cursor.turn('2026-01-05');
  expect(cursor.days).toEqual(['2026-03-01']);
});
