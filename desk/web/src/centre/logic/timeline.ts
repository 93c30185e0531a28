/** The story of a case, the latest first; the same thing again and again by the same person is one line. Pure. */

import type { Happened } from '../types';

export interface Told extends Happened {
  /** When it was so for the first time; `at` is the last. */
  since: string;
  times: number;
}

const REPEATED = new Set(['note', 'need_is', 'more_urgent']);

export function folded(events: readonly Happened[]): Told[] {
  const found: Told[] = [];
  for (const event of events) {
    const last = found.at(-1);
    if (last && REPEATED.has(event.kind) && last.kind === event.kind && last.by === event.by && last.state === event.state) {
      last.at = event.at;
      last.times += 1;
    } else found.push({ ...event, since: event.at, times: 1 });
  }
  return found.reverse();
}
