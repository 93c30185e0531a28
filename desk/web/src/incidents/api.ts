import { call, query } from '../lib/api';
import type { Day } from '../lib/types';
import type * as wire from './types';

const one = (id: string) => `/api/incidents/${id}`;

/** What the board asks. Each throws `Problem`. */
export const crisis = {
  open: () => call<wire.Incidents>('GET', '/api/incidents'),
  ended: (day: Day) => call<wire.Incidents>('GET', `/api/incidents${query({ day })}`),
  one: (id: string) => call<wire.Detail>('GET', one(id)),
  calls: () => call<{ calls: wire.Call[] }>('GET', '/api/incidents/calls'),
  partners: () => call<wire.Partners>('GET', '/api/partners'),
  raise: (contact: string, danger: string | null, third_party: boolean) =>
    call<{ incident: string; new: boolean }>('POST', '/api/incidents', { contact, danger, third_party }),
  order: (id: string, kind: string, attempts: number, partner: string | null = null) =>
    call<wire.Order>('POST', `${one(id)}/orders`, { kind, attempts, partner }),
  describe: (id: string, what: { danger?: string; third_party?: boolean }) => call<wire.Incident>('POST', `${one(id)}/describe`, what),
  confirm: (id: string) => call<wire.Incident>('POST', `${one(id)}/confirm`),
  close: (id: string, reason: string, text: string) => call<wire.Incident>('POST', `${one(id)}/close`, { reason, text }),
  words: (id: string) => call<{ text: string }>('GET', `${one(id)}/words`),

  card: (id: string) => call<wire.Card>('GET', `${one(id)}/card`),
  tell: (id: string, what: Record<string, string | { relation: string; number: string }>) => call<wire.Card>('PATCH', `${one(id)}/card`, what),
  disclosed: (id: string) => call<wire.Disclosures>('GET', `${one(id)}/disclosures`),
  disclose: (id: string, what: { recipient: string; items: string[]; ground: string }) =>
    call<wire.Disclosure>('POST', `${one(id)}/disclosures`, what),
  ledger: (since: Day, until: Day) => call<wire.Disclosures>('GET', `/api/disclosures${query({ since, until })}`),

  alarms: () => call<{ alarms: wire.Alarm[]; count: number }>('GET', '/api/alarms'),
  seen: (id: string) => call<wire.Alarm>('POST', `/api/alarms/${id}/seen`),
};
