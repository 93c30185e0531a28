/** What may be done with what, so that people are spared buttons that the server would refuse. It decides, not this. Pure. */

import type { CaseState, LinkState } from '../types';

const HELD: readonly CaseState[] = ['claimed', 'in_contact', 'in_counselling'];
const FREE: readonly CaseState[] = ['waiting', 'reopened'];

export const held = (state: CaseState): boolean => HELD.includes(state);
export const free = (state: CaseState): boolean => FREE.includes(state);

/** What may follow; passing on is a step of its own. */
export const LINK_STEPS: Record<LinkState, readonly LinkState[]> = {
  planned: ['told', 'cancelled'],
  told: ['accepted', 'refused', 'queued', 'cancelled'],
  handed_over: ['accepted', 'refused', 'queued'],
  queued: ['accepted', 'refused', 'cancelled'],
  accepted: [],
  refused: [],
  cancelled: [],
};

/** Where a referral goes on: the next thing that a counsellor does with it. */
export function nextStep(state: CaseState): 'ask' | 'send' | 'see' {
  if (state === 'proposed' || state === 'refused' || state === 'withdrawn') return 'ask';
  return state === 'consented' ? 'send' : 'see';
}

/** What becomes of a caller who is being put through to the centre, as the counsellor reads it. */
export function putThrough(state: CaseState): 'cen_sent_live' | 'cen_live_failed' | 'cen_live_taken' {
  if (state === 'live') return 'cen_sent_live';
  return state === 'in_contact' || state === 'in_counselling' ? 'cen_live_taken' : 'cen_live_failed';
}
