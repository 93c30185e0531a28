/** What is asked when data are to go to somebody else, and what is missing from an answer. Pure. */

import type { Consent, Item, Permission, Recipient } from '../types';

/** The wording that is read out (`Script.svelte`). A changed wording needs another version. */
export const SCRIPT_VERSION = 'pages-2026-1';

export interface Asked {
  recipientName: string;
  purpose: string;
  items: Item[];
  months: number;
  rightToRefuseTold: boolean;
  recording: string;
  under14: boolean;
  byGuardian: boolean;
}

export type Missing = 'recipient' | 'purpose' | 'items' | 'period' | 'right' | 'guardian';

const USUAL: Record<Recipient, Item[]> = {
  centre: ['name', 'number', 'district', 'reason'],
  companions: ['name', 'number', 'district', 'wishes'],
  service: ['name', 'number', 'district', 'needs'],
};

export const asked = (recipient: Recipient, recipientName: string, purpose: string): Asked => ({
  recipientName,
  purpose,
  items: [...USUAL[recipient]],
  months: 6,
  rightToRefuseTold: false,
  recording: '',
  under14: false,
  byGuardian: false,
});

/** A refusal needs only to say what was asked. */
export function missing(one: Asked, given: boolean): Missing[] {
  const lacks: [Missing, boolean][] = [
    ['recipient', one.recipientName.trim() === ''],
    ['purpose', one.purpose.trim() === ''],
    ['items', given && one.items.length === 0],
    ['period', given && !(one.months >= 1 && one.months <= 24)],
    ['right', given && !one.rightToRefuseTold],
    ['guardian', given && one.under14 && !one.byGuardian],
  ];
  return lacks.filter(([, is]) => is).map(([name]) => name);
}

/** Whole months later, at most the last day of that month. */
export function monthsLater(now: Date, months: number): Date {
  const later = new Date(now);
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months);
  const last = new Date(Date.UTC(later.getUTCFullYear(), later.getUTCMonth() + 1, 0)).getUTCDate();
  later.setUTCDate(Math.min(now.getUTCDate(), last));
  return later;
}

export const consent = (one: Asked, given: boolean, now: Date): Consent => ({
  given,
  recipient_name: one.recipientName.trim(),
  purpose: one.purpose.trim(),
  items: [...one.items],
  until: given ? monthsLater(now, one.months).toISOString() : null,
  right_to_refuse_told: one.rightToRefuseTold,
  script_version: SCRIPT_VERSION,
  recording: one.recording.trim(),
  under_14: one.under14,
  by_guardian: one.byGuardian,
});

export const NOT_ASKED: Permission = { may_call: null, may_say_who: null, may_leave_message: null, shared_phone: null, hours: 'any' };
