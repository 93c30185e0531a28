import type { Deeds } from './deeds';
import { moved } from './logic/grid';
import { letterOf, settled, typed } from './logic/keys';

const NEXT_LETTER_MS = 1200;

/** The grid's keys. `open`: show everything about the cell. */
export class Keyboard {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly deeds: Deeds,
    private readonly open: () => void,
  ) {}

  /** True: the key was meant for the grid. */
  press(event: KeyboardEvent): boolean {
    const { cursor } = this.deeds;
    const ctrl = event.ctrlKey || event.metaKey;
    const place = moved(cursor.active, { key: event.key, ctrl, alt: event.altKey }, cursor.size);
    if (place) {
      cursor.go(place, event.shiftKey);
      return true;
    }
    if (ctrl) return this.command(event);
    if (event.altKey) return this.special(event);
    return this.plain(event) || this.letter(event);
  }

  private command(event: KeyboardEvent): boolean {
    const { board, cursor } = this.deeds;
    switch (letterOf({ key: event.key, code: event.code })) {
      case 'Z':
        board.takeBack(event.shiftKey ? 'redo' : 'undo');
        return true;
      case 'Y':
        board.takeBack('redo');
        return true;
      case 'D':
        this.deeds.fillDown();
        return true;
      case 'R':
        // With shift it stays the browser's: loading the page anew.
        if (!event.shiftKey) this.deeds.fillRight();
        return !event.shiftKey;
      case 'A':
        cursor.all();
        return true;
      default:
        return false;
    }
  }

  private special(event: KeyboardEvent): boolean {
    switch (letterOf({ key: event.key, code: event.code })) {
      case 'P':
        this.deeds.pin();
        return true;
      case 'S':
        this.deeds.pickOrSwap();
        return true;
      default:
        return false;
    }
  }

  private plain(event: KeyboardEvent): boolean {
    const { cursor } = this.deeds;
    switch (event.key) {
      case 'Delete':
      case 'Backspace':
        this.deeds.set([]);
        return true;
      case 'Enter':
      case 'F2':
        if (cursor.picked) this.deeds.pickOrSwap();
        else this.open();
        return true;
      case 'Escape':
        if (!cursor.picked && !cursor.letters) return false;
        cursor.picked = null;
        cursor.letters = '';
        return true;
      default:
        return false;
    }
  }

  private letter(event: KeyboardEvent): boolean {
    const { cursor, board } = this.deeds;
    const letter = letterOf(event);
    if (!letter) return false;
    const codes = board.roster?.shift_types.map((type) => type.code) ?? [];
    const found = typed(cursor.letters, letter, codes);
    const add = event.shiftKey;
    clearTimeout(this.timer);
    cursor.letters = found.kind === 'more' ? found.letters : '';
    if (found.kind === 'code') this.deeds.type(found.code, add);
    if (found.kind === 'more') {
      this.timer = setTimeout(() => {
        const code = settled(cursor.letters, codes);
        cursor.letters = '';
        if (code) this.deeds.type(code, add);
      }, NEXT_LETTER_MS);
    }
    return found.kind !== 'none';
  }
}
