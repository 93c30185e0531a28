import type { Permission } from '../centre/types';
import { call } from '../lib/api';
import type * as wire from './types';

const one = (id: string, what: string) => `/api/supports/${id}${what}`;
const own = (id: string, what: string) => `/api/me/supports/${id}${what}`;

/** Every address of the companions. Each throws `Problem`. */
export const companions = {
  all: () => call<{ companions: wire.Companion[] }>('GET', '/api/companions'),
  add: (who: wire.Known & { number: string; user: string | null }) => call<{ id: string }>('POST', '/api/companions', who),
  change: (id: string, who: wire.Known & { number: string | null; status: wire.Status }) => call<void>('PUT', `/api/companions/${id}`, who),
  match: (wanted: wire.Wanted) => call<{ candidates: wire.Candidate[] }>('POST', '/api/companions/match', wanted),

  supports: () => call<{ supports: wire.Support[] }>('GET', '/api/supports'),
  offer: (referral: string, companion: string, permission: Permission) =>
    call<{ id: string }>('POST', '/api/supports', { referral, companion, permission }),
  support: (id: string) => call<wire.SupportPage>('GET', one(id, '')),
  pause: (id: string) => call<void>('POST', one(id, '/pause')),
  resume: (id: string) => call<void>('POST', one(id, '/resume')),
  end: (id: string, reason: wire.EndReason) => call<void>('POST', one(id, '/end'), { reason }),
  permit: (id: string, permission: Permission) => call<void>('PUT', one(id, '/permission'), permission),
  substitute: (id: string, who: { companion: string; first: string; last: string }) => call<void>('POST', one(id, '/substitutes'), who),
  plan: (id: string, plan: Omit<wire.Plan, 'id'>) => call<{ id: string }>('POST', one(id, '/plans'), plan),
  unplan: (id: string, plan: string) => call<void>('DELETE', one(id, `/plans/${plan}`)),

  mine: () => call<{ supports: wire.Support[] }>('GET', '/api/me/supports'),
  myOne: (id: string) => call<wire.SupportPage>('GET', own(id, '')),
  accept: (id: string) => call<void>('POST', own(id, '/accept')),
  decline: (id: string) => call<void>('POST', own(id, '/decline')),
  callNow: (id: string) => call<{ id: string }>('POST', own(id, '/call')),
  note: (id: string, text: string, about: string | null) => call<{ id: string }>('POST', own(id, '/notes'), { text, call: about }),
  help: (id: string, what: 'centre' | 'crisis', text: string) =>
    call<{ worklist: true; incident: string | null }>('POST', own(id, '/help'), { what, text, call: null }),
};
