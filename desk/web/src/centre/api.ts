import { call, query } from '../lib/api';
import type * as wire from './types';

const made = { id: '' };
const one = (id: string, what: string) => `/api/centre/cases/${id}/${what}`;
const report = (id: string, what = '') => `/api/isolation-reports/${id}${what && `/${what}`}`;

/** Every address of the centre. Each throws `Problem`. */
export const centre = {
  referrals: () => call<{ referrals: wire.Referral[] }>('GET', '/api/referrals'),
  propose: (referral: wire.NewReferral) => call<wire.Referral>('POST', '/api/referrals', referral),
  referral: (id: string) => call<wire.Referral>('GET', `/api/referrals/${id}`),
  answer: (id: string, consent: wire.Consent, permission: wire.Permission | null) =>
    call<wire.Referral>('POST', `/api/referrals/${id}/answer`, { ...consent, permission }),
  consent: (id: string, recipient: wire.Recipient, consent: wire.Consent) =>
    call<void>('POST', `/api/referrals/${id}/consents`, { ...consent, recipient }),
  danger: (id: string, ground: wire.Ground) => call<wire.Referral>('POST', `/api/referrals/${id}/danger`, { ground }),
  send: (id: string, live: boolean) => call<wire.Sent>('POST', `/api/referrals/${id}/send`, { live }),
  permit: (id: string, permission: wire.Permission) => call<wire.Referral>('POST', `/api/referrals/${id}/permission`, permission),
  withdraw: (id: string) => call<void>('POST', `/api/referrals/${id}/withdraw`),

  worklist: (closed: boolean) => call<wire.Worklist>('GET', `/api/centre/worklist${closed ? query({ closed: 'true' }) : ''}`),
  case: (id: string) => call<wire.Case>('GET', `/api/centre/cases/${id}`),
  claim: (id: string) => call<wire.Case>('POST', one(id, 'claim')),
  release: (id: string) => call<wire.Case>('POST', one(id, 'release')),
  handOver: (id: string, to: string) => call<wire.Case>('POST', one(id, 'hand-over'), { to }),
  assign: (id: string, to: string) => call<wire.Case>('POST', one(id, 'assign'), { to }),
  note: (id: string, kind: wire.NoteKind, text: string, replaces: string | null) =>
    call<typeof made>('POST', one(id, 'notes'), { kind, text, replaces }),
  need: (id: string, area: wire.Area, text: string) => call<typeof made>('POST', one(id, 'needs'), { area, text }),
  needIs: (id: string, need: string, state: wire.NeedState) => call<void>('POST', one(id, `needs/${need}`), { state }),
  link: (id: string, need: string, service: string, service_id: string | null) =>
    call<typeof made>('POST', one(id, 'links'), { need, service, service_id }),
  passOn: (id: string, link: string, ground: wire.Ground | null) => call<void>('POST', one(id, `links/${link}/hand-over`), { ground }),
  linkIs: (id: string, link: string, state: wire.LinkState, result: string) => call<void>('POST', one(id, `links/${link}`), { state, result }),
  followUp: (id: string, kind: wire.FollowUpKind, due_at: string, text: string) =>
    call<typeof made>('POST', one(id, 'follow-ups'), { kind, due_at, text }),
  followedUp: (id: string, followUp: string, result: string, cancelled: boolean) =>
    call<void>('POST', one(id, `follow-ups/${followUp}`), { result, cancelled }),
  callBack: (id: string) => call<typeof made>('POST', one(id, 'call')),
  crisis: (id: string) => call<typeof made>('POST', one(id, 'crisis')),
  counselling: (id: string) => call<wire.Case>('POST', one(id, 'counselling')),
  urgency: (id: string, urgency: wire.Urgency) => call<wire.Case>('POST', one(id, 'urgency'), { urgency }),
  close: (id: string, outcome: wire.Outcome, note: string) => call<wire.Case>('POST', one(id, 'close'), { outcome, note }),
  closeFor: (id: string, outcome: wire.Outcome, note: string) => call<wire.Case>('POST', one(id, 'close-for'), { outcome, note }),
  reopen: (id: string, urgency: wire.Urgency, note: string) => call<wire.Case>('POST', one(id, 'reopen'), { urgency, note }),

  staff: () => call<wire.StaffList>('GET', '/api/centre/staff'),
  addStaff: (who: { name: string; extension: string; user: string | null; languages: string[] }) =>
    call<typeof made>('POST', '/api/centre/staff', who),
  duties: (id: string, duties: wire.Duty[]) => call<void>('PUT', `/api/centre/staff/${id}/duties`, { duties }),
  leave: (id: string) => call<void>('POST', `/api/centre/staff/${id}/leave`),
  presence: (human: wire.Human) => call<void>('POST', '/api/centre/presence', { human }),

  districts: () => call<{ districts: wire.District[] }>('GET', '/api/directory/districts'),
  places: () => call<{ places: wire.Place[] }>('GET', '/api/directory'),

  reports: (show: 'worklist' | 'overdue' | 'feedback') => call<{ reports: wire.ReportLine[] }>('GET', `/api/isolation-reports${query({ show })}`),
  report: (id: string) => call<wire.Report>('GET', report(id)),
  reporter: (id: string) => call<wire.Reporter>('GET', report(id, 'reporter')),
  claimReport: (id: string) => call<wire.Report>('POST', report(id, 'claim')),
  changeReport: (id: string, what: 'release' | 'notes' | 'reopen' | 'feedback', note: string) => call<wire.Report>('POST', report(id, what), { note }),
  reportUrgency: (id: string, urgency: wire.ReportUrgency, note: string) => call<wire.Report>('POST', report(id, 'urgency'), { urgency, note }),
  closeReport: (id: string, outcome: wire.ReportOutcome, note: string) => call<wire.Report>('POST', report(id, 'close'), { outcome, note }),
};
