import { expect, test } from 'vitest';
import { chain, deeds, elsewhere, fresh, nag, reminded, sorted, span, tone, until, waiting } from '../src/incidents/logic';
import type { Attempt, Detail, Incident } from '../src/incidents/types';

const AT = '2026-03-02T12:00:00+09:00';
const NOW = Date.parse(AT);

const attempt = (partner: string, more: Partial<Attempt> = {}): Attempt => ({
  id: partner, number: 1, partner, stage: 'dialling', result: null, started_at: AT, answered_at: null, ended_at: null, test: false, ...more,
}); // prettier-ignore

const incident = (more: Partial<Incident> = {}): Incident => ({
  id: 'a', contact: 'c', raised_at: AT, raised_by: 'counsellor_key', state: 'raised', danger: null, proposed: false, third_party: false,
  counsellor: null, counsellor_name: null, on_line: true, attempts: [], taken_over_at: null, caller_gone_at: null, counsellor_gone_at: null,
  redials: 0, nags: 0, next: null, ended_at: null, ended_by: null, close_reason: null, ...more,
}); // prettier-ignore

const detail = (about: Partial<Incident> = {}, more: Partial<Detail> = {}): Detail => ({
  incident: incident(about), now: AT, test: false, chain: ['police', 'fire'], next_partner: 'police', timeline: [], reminders: [], orders: [], ...more,
}); // prettier-ignore

test('a stopwatch reads as people expect, and never below zero', () => {
  expect([0, 42_900, 725_000, 3_723_000, -5].map(span)).toEqual(['0:00', '0:42', '12:05', '1:02:03', '0:00']);
});

test('what is due says how long, before and after', () => {
  expect(until('2026-03-02T12:01:30+09:00', NOW)).toEqual({ late: false, span: '1:30' });
  expect(until('2026-03-02T11:59:00+09:00', NOW)).toEqual({ late: true, span: '1:00' });
});

test('what needs somebody now comes first, the oldest before the others', () => {
  const joined = incident({ id: 'joined', state: 'joined' });
  const later = incident({ id: 'later', state: 'unreached', raised_at: '2026-03-02T12:05:00+09:00' });
  expect(sorted([joined, later, incident()]).map((one) => one.id)).toEqual(['a', 'later', 'joined']);
  expect(tone(incident({ ended_at: AT, state: 'confirmed' }))).toBe('quiet');
});

test('only what came after the first look is news', () => {
  expect(fresh(null, [incident()])).toEqual([]);
  expect(fresh([incident()], [incident(), incident({ id: 'b' })]).map((one) => one.id)).toEqual(['b']);
});

test('other pages are told of every open crisis, the page of one only of the others, the board of none', () => {
  const both = [incident(), incident({ id: 'b' })];
  const ids = (path: string) => elsewhere(both, path).map((one) => one.id);
  expect([ids('/records/a'), ids('/incidents/a'), ids('/incidents')]).toEqual([['a', 'b'], ['b'], []]);
});

test('nobody can be connected before a partner answers, and stopping needs one who rings', () => {
  expect(deeds(detail())).toMatchObject({ next: true, join: false, apart: false, takenOver: false, stop: false, end: true, byHand: false });
  const ringing = detail({ state: 'dialling', attempts: [attempt('police')] });
  expect(deeds(ringing)).toMatchObject({ stop: true, join: false, takenOver: false });
  const answered = detail({ state: 'answered', attempts: [attempt('police', { stage: 'briefed' })] });
  expect(deeds(answered)).toMatchObject({ stop: false, join: true, apart: true, takenOver: true });
  const joined = detail({ state: 'joined', attempts: [attempt('police', { stage: 'joined' })] });
  expect(deeds(joined)).toMatchObject({ join: false, apart: true, takenOver: true });
  expect(deeds(detail({ state: 'taken_over', taken_over_at: AT, attempts: [attempt('police', { stage: 'joined' })] })).takenOver).toBe(false);
});

test('where the system can not connect anybody it says so, and a person can still end the incident', () => {
  expect(deeds(detail({ on_line: false }))).toMatchObject({ next: false, join: false, redial: true, end: true, byHand: true });
  expect(deeds(detail())).toMatchObject({ redial: false });
  expect(deeds(detail({ state: 'unreached' }, { next_partner: null }))).toMatchObject({ next: false, byHand: true });
});

test('a proposal is accepted before anybody is called, and what is over is over', () => {
  expect(deeds(detail({ proposed: true }))).toMatchObject({ accept: true, next: false, end: true });
  expect(Object.values(deeds(detail({ state: 'closed', ended_at: AT }))).some(Boolean)).toBe(false);
});

test('the chain says who was called, who is on the phone and who is next; out of turn comes last', () => {
  const found = chain(
    detail({ attempts: [attempt('fire', { stage: 'over', result: 'busy', ended_at: AT }), attempt('lifeline')] }, { next_partner: 'police' }),
  );
  expect(found.map((one) => [one.partner, one.attempts.length, one.next, one.busy])).toEqual([
    ['police', 0, true, false],
    ['fire', 1, false, false],
    ['lifeline', 1, false, true],
  ]);
});

test('an order that nobody takes up is told after a moment', () => {
  const order = { id: 'o', incident: 'a', kind: 'join', partner: null, at: AT, taken_at: null, new: false };
  expect(waiting(detail({}, { orders: [order] }), NOW + 1000)).toEqual([]);
  expect(waiting(detail({}, { orders: [order] }), NOW + 5000)).toEqual([order]);
  expect(waiting(detail({}, { orders: [{ ...order, taken_at: AT }] }), NOW + 5000)).toEqual([]);
});

test('the deadline of people is the reminder to confirm, not what the program says by itself', () => {
  const next = { kind: 'incident_unconfirmed', level: 'counsellor', at: AT };
  expect(nag(incident({ next }))).toBe(next);
  expect(nag(incident({ next: { ...next, kind: 'incident_raised' } }))).toBe(null);
  expect(nag(incident())).toBe(null);
});

test('a reminder is told when it comes, not when the page opens', () => {
  expect(reminded(null, [incident({ nags: 2 })])).toEqual([]);
  expect(reminded([incident({ nags: 1 })], [incident({ nags: 2 })]).map((one) => one.nags)).toEqual([2]);
  expect(reminded([incident({ nags: 2 })], [incident({ nags: 2 }), incident({ id: 'b', nags: 1 })])).toEqual([]);
});
