/** Planned calls as a page shows them. Pure. */

import type { PlannedCall } from '../types';

/** What is still to come (or under way), the nearest first; and what was, the latest first. */
export function sorted(calls: readonly PlannedCall[], now: number): { coming: PlannedCall[]; past: PlannedCall[] } {
  const over = (one: PlannedCall) => one.next_at === null && (one.state === 'talked' || one.state === 'given_up' || Date.parse(one.due_at) < now);
  const byTime = (a: PlannedCall, b: PlannedCall) => Date.parse(a.due_at) - Date.parse(b.due_at);
  return { coming: calls.filter((one) => !over(one)).sort(byTime), past: calls.filter(over).sort(byTime).reverse() };
}
