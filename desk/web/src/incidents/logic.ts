/** What a board shows and what can be done there, from what the server said. No page, no clock of its own. */

import type { Attempt, Detail, Incident } from './types';

/** A stretch of time as people read a stopwatch: 0:42, 12:05, 1:02:03. Never negative. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** How long until an instant, or how long it is past. */
export function until(at: string, now: number): { late: boolean; span: string } {
  const left = Date.parse(at) - now;
  return left < 0 ? { late: true, span: span(-left) } : { late: false, span: span(left) };
}

/** When it is asked next whether help arrived; null: never again. What the program says by itself at the beginning is no deadline of people's. */
export const nag = (incident: Incident) => (incident.next?.kind === 'incident_unconfirmed' ? incident.next : null);

export const over = (incident: Incident): boolean => incident.ended_at !== null;
export const live = (incident: Incident): Attempt[] => incident.attempts.filter((one) => one.stage !== 'over');

/** How urgent a state is; always beside a word that says the same. */
export function tone(incident: Incident): 'bad' | 'warn' | 'good' | 'quiet' {
  if (over(incident)) return 'quiet';
  if (incident.state === 'raised' || incident.state === 'unreached') return 'bad';
  return incident.state === 'joined' ? 'good' : 'warn';
}

/** Those that need somebody now come first; among them the oldest. */
export function sorted(incidents: readonly Incident[]): Incident[] {
  const rank = { bad: 0, warn: 1, good: 2, quiet: 3 };
  return [...incidents].sort((one, other) => rank[tone(one)] - rank[tone(other)] || one.raised_at.localeCompare(other.raised_at));
}

/** Those that were not there before. `before` null: nothing was shown yet, so nothing is news. */
export function fresh(before: readonly Incident[] | null, after: readonly Incident[]): Incident[] {
  const known = new Set(before?.map((one) => one.id));
  return before ? after.filter((one) => !known.has(one.id)) : [];
}

/** Those of which it was asked (again) whether help arrived. */
export function reminded(before: readonly Incident[] | null, after: readonly Incident[]): Incident[] {
  const times = new Map(before?.map((one) => [one.id, one.nags]));
  return after.filter((one) => one.nags > (times.get(one.id) ?? Infinity));
}

/** Those that a page does not show by itself: the board shows all of them, an incident's own page that one. */
export function elsewhere(incidents: readonly Incident[], path: string): Incident[] {
  const [, room, id] = path.split('/');
  if (room !== 'incidents') return [...incidents];
  return id ? incidents.filter((one) => one.id !== id) : [];
}

export interface Deeds {
  /** A proposal becomes a crisis. */
  accept: boolean;
  next: boolean;
  join: boolean;
  apart: boolean;
  takenOver: boolean;
  stop: boolean;
  /** Call the person again who dropped. */
  redial: boolean;
  /** Responders met the person, or it ends otherwise. */
  end: boolean;
  /** The system can't connect anybody (any more): by hand. */
  byHand: boolean;
}

/** Which buttons do something now. */
export function deeds(detail: Detail): Deeds {
  const { incident, next_partner } = detail;
  const calls = live(incident);
  const there = calls.filter((one) => one.stage !== 'dialling');
  const can = !over(incident) && incident.on_line;
  return {
    accept: incident.proposed && !over(incident),
    next: can && !incident.proposed && next_partner !== null,
    join: can && there.some((one) => one.stage !== 'joined'),
    apart: can && there.some((one) => one.stage !== 'private'),
    takenOver: can && incident.taken_over_at === null && there.length > 0,
    stop: can && calls.some((one) => one.stage === 'dialling'),
    redial: !over(incident) && (!incident.on_line || incident.caller_gone_at !== null),
    end: !over(incident),
    byHand: !over(incident) && (!incident.on_line || incident.state === 'unreached' || (next_partner === null && calls.length === 0)),
  };
}

export interface Link {
  partner: string;
  attempts: Attempt[];
  next: boolean;
  /** Is called, or on the phone. */
  busy: boolean;
}

/** The chain in order, each partner with what happened there; who was called out of turn comes after it. */
export function chain(detail: Detail): Link[] {
  const called = detail.incident.attempts.map((one) => one.partner);
  return [...new Set([...detail.chain, ...called])].map((partner) => {
    const attempts = detail.incident.attempts.filter((one) => one.partner === partner);
    return {
      partner,
      attempts,
      next: !over(detail.incident) && partner === detail.next_partner,
      busy: attempts.some((one) => one.stage !== 'over'),
    };
  });
}

/** Asked for, and not taken up by the call for so long that somebody should know; milliseconds. */
const WAITS_MS = 4000;
export const waiting = (detail: Detail, now: number) =>
  over(detail.incident) ? [] : detail.orders.filter((one) => one.taken_at === null && now - Date.parse(one.at) > WAITS_MS);
