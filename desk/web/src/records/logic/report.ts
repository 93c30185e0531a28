/** An isolation report as it is typed, kept by the browser until it is sent. Pure. */

import type { NewReport, Reporter, Subject } from '../types';

export const URGENCIES = ['now', 'today', 'soon', 'routine'] as const;
export const SIGNS = [
  'not_seen', 'no_answer', 'post_piles_up', 'smell', 'light_or_tv_always_on', 'bills_unpaid', 'no_visitors', 'does_not_eat', 'ill_or_hurt',
  'drinks', 'hoarding', 'low_spirits', 'spoke_of_death', 'lost_somebody', 'other',
] as const; // prettier-ignore
export const RELATIONS = ['family', 'neighbour', 'friend', 'landlord', 'worker', 'other'] as const;

/** `said` false: who tells would not say who they are. */
export interface Typed {
  urgency: string;
  signs: string[];
  subject: Subject;
  said: boolean;
  reporter: Reporter;
}

export const blank = (): Typed => ({
  urgency: 'today',
  signs: [],
  subject: { name: '', number: '', address: '', whereabouts: '', noticed: '', district: '', age_band: null },
  said: true,
  reporter: { relation: 'neighbour', name: '', number: '', how_they_know: '', wants_feedback: false, consent_script: '' },
});

export const toSend = (typed: Typed, contact: string | null): NewReport => ({
  urgency: typed.urgency,
  signs: typed.signs,
  subject: typed.subject,
  reporter: typed.said ? { ...typed.reporter, consent_script: typed.reporter.wants_feedback ? typed.reporter.consent_script : '' } : null,
  contact,
});

export function restored(text: string | null): Typed | null {
  try {
    const found = JSON.parse(text ?? 'null') as Partial<Typed> | null;
    if (!found || !Array.isArray(found.signs) || typeof found.subject !== 'object' || typeof found.reporter !== 'object') return null;
    const base = blank();
    return { ...base, ...found, subject: { ...base.subject, ...found.subject }, reporter: { ...base.reporter, ...found.reporter } };
  } catch {
    return null;
  }
}
