/** What a key or a drag makes of a range: pure functions from what cells hold to what they shall hold. */

import type { Place, Range } from './grid';
import { places } from './grid';

/** What a cell holds: its shifts, and whether the solver leaves it alone. */
export interface Held {
  codes: string[];
  pinned: boolean;
}

export interface Put extends Place {
  codes: string[];
  pinned?: boolean;
}

type Look = (place: Place) => Held;

export const setAll = (range: Range, codes: string[]): Put[] => places(range).map((place) => ({ ...place, codes }));

/** Ctrl+D: every row takes what the first one holds. One row alone takes it from the row above. */
export function filledDown(range: Range, look: Look): Put[] {
  const from = range.top === range.bottom ? range.top - 1 : range.top;
  if (from < 0) return [];
  return places(range).map((place) => ({ ...place, codes: look({ row: from, col: place.col }).codes }));
}

/** Ctrl+R: every day takes what the first one holds. One day alone takes it from the day before. */
export function filledRight(range: Range, look: Look): Put[] {
  const from = range.left === range.right ? range.left - 1 : range.left;
  if (from < 0) return [];
  return places(range).map((place) => ({ ...place, codes: look({ row: place.row, col: from }).codes }));
}

/** The handle: the pattern of the source goes on over the larger range. */
export function filledOver(source: Range, target: Range, look: Look): Put[] {
  const height = source.bottom - source.top + 1;
  const width = source.right - source.left + 1;
  return places(target).map((place) => ({
    ...place,
    codes: look({ row: source.top + ((place.row - source.top) % height), col: source.left + ((place.col - source.left) % width) }).codes,
  }));
}

/** Two cells change places, pins with them. */
export function swapped(one: Place, other: Place, look: Look): Put[] {
  const [first, second] = [look(one), look(other)];
  return [
    { ...one, codes: second.codes, pinned: second.pinned },
    { ...other, codes: first.codes, pinned: first.pinned },
  ];
}

/** All pinned, or none where all were. Empty cells can be pinned, too: a day off that stays one. */
export function pinnedAll(range: Range, look: Look): Put[] {
  const found = places(range).map((place) => ({ ...place, ...look(place) }));
  const pinned = !found.every((one) => one.pinned);
  return found.map((one) => ({ ...one, pinned }));
}
