import type { Deeds } from './deeds';
import type { Place } from './logic/grid';
import { samePlace, single, stretched } from './logic/grid';

/** The cell under an event, if any. */
export function placeOf(event: Event): Place | null {
  const cell = (event.target as Element).closest?.('td[data-row]');
  return cell instanceof HTMLElement ? { row: Number(cell.dataset['row']), col: Number(cell.dataset['col']) } : null;
}

/**
 * Mouse, pen and fingers. Dragging over cells chooses them; dragging the one cell that is chosen already makes two change places; dragging the handle fills.
 * A finger moves the page as everywhere, and only taps.
 */
export class Pointer {
  /** The cell onto which one is being dragged. */
  over = $state.raw<Place | null>(null);
  private mode: 'none' | 'range' | 'swap' | 'fill' = 'none';
  private from: Place = { row: 0, col: 0 };

  constructor(private readonly deeds: Deeds) {}

  down(event: PointerEvent): void {
    const place = placeOf(event);
    if (!place || event.button !== 0 || event.pointerType === 'touch') return;
    const { cursor } = this.deeds;
    this.from = place;
    if ((event.target as Element).closest('.handle')) {
      this.mode = 'fill';
    } else if (cursor.picked) {
      this.deeds.swap(cursor.picked, place);
      cursor.go(place);
    } else if (this.movable(place) && !event.shiftKey) {
      this.mode = 'swap';
    } else {
      this.mode = 'range';
      cursor.go(place, event.shiftKey);
    }
  }

  move(event: PointerEvent): void {
    const place = this.mode === 'none' ? null : placeOf(event);
    if (!place) return;
    const { cursor } = this.deeds;
    if (this.mode === 'range' && !samePlace(place, cursor.active)) cursor.go(place, true);
    if (this.mode === 'swap') this.over = samePlace(place, this.from) ? null : place;
    if (this.mode === 'fill') cursor.filling = stretched(cursor.range, place);
  }

  up(): void {
    const { cursor } = this.deeds;
    if (this.mode === 'swap' && this.over) {
      this.deeds.swap(this.from, this.over);
      cursor.go(this.over);
    }
    if (this.mode === 'fill' && cursor.filling) this.deeds.fillOver(cursor.filling);
    this.cancel();
  }

  cancel(): void {
    this.mode = 'none';
    this.over = null;
    this.deeds.cursor.filling = null;
  }

  /** A finger's tap; a mouse has done everything by then. */
  tap(event: PointerEvent): void {
    const place = placeOf(event);
    if (!place || event.pointerType !== 'touch') return;
    const { cursor } = this.deeds;
    if (cursor.picked) this.deeds.swap(cursor.picked, place);
    cursor.go(place, cursor.extending);
  }

  private movable(place: Place): boolean {
    const { cursor } = this.deeds;
    return this.deeds.mayEdit() && single(cursor.range) && samePlace(place, cursor.active) && this.deeds.look(place).codes.length > 0;
  }
}
