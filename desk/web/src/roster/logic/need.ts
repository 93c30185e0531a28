/** Coverage by day and shift: of all slots of a shift the one where most is missing. */

import type { Day, ShiftType, Slot } from '../../lib/types';
import { minutesAfter, minutesOf } from './days';

export type Grade = 'empty' | 'short' | 'thin' | 'enough';

export interface Worst {
  have: number;
  least: number;
  wanted: number;
  need: number | null;
  grade: Grade;
}

export function gradeOf(slot: Pick<Slot, 'have' | 'least' | 'wanted'>): Grade {
  if (slot.have === 0 && slot.least > 0) return 'empty';
  if (slot.have < slot.least) return 'short';
  return slot.have < slot.wanted ? 'thin' : 'enough';
}

const ORDER: Grade[] = ['empty', 'short', 'thin', 'enough'];

/** By `code day`. Shifts that do not take contacts have none. A night belongs to the day on which it begins. */
export function worstByShift(slots: readonly Slot[], types: readonly ShiftType[], days: readonly Day[]): Map<string, Worst> {
  const found = new Map<string, Worst>();
  const first = days[0];
  if (!first) return found;
  const line = types.filter((type) => type.duty === 'line');
  const index = new Map(days.map((day, number) => [number, day]));
  for (const slot of slots) {
    const minute = minutesAfter(first, slot.start);
    for (const type of line) {
      const starts = minutesOf(type.starts);
      const number = Math.floor((minute - starts) / 1440);
      const day = index.get(number);
      if (day === undefined || minute - starts - number * 1440 >= type.minutes) continue;
      const key = `${type.code} ${day}`;
      const before = found.get(key);
      const grade = gradeOf(slot);
      const need = slot.need ?? null;
      if (!before || worse({ ...slot, grade }, before)) {
        found.set(key, { have: slot.have, least: slot.least, wanted: slot.wanted, need: larger(before?.need ?? null, need), grade });
      } else {
        before.need = larger(before.need, need);
      }
    }
  }
  return found;
}

const larger = (one: number | null, other: number | null): number | null => (one === null ? other : other === null ? one : Math.max(one, other));

function worse(one: { have: number; wanted: number; grade: Grade }, other: Worst): boolean {
  const order = ORDER.indexOf(one.grade) - ORDER.indexOf(other.grade);
  return order < 0 || (order === 0 && one.have - one.wanted < other.have - other.wanted);
}
