import { call, fetchFile } from '../lib/api';

/** Somebody, for whoever has to do with them. */
export interface Who {
  id: string;
  number: string | null;
  name: string;
  address: string;
}

/** Somebody, covered. */
export interface Covered {
  id: string;
  number: string | null;
  name: string;
  /** Under a legal hold: nothing of them is deleted. */
  held: boolean;
}

/** That something was deleted; it names nobody. */
export interface Proof {
  at: string;
  why: string;
  retention: string;
  records: number;
  digest: string;
}

/** Whom another page asks to find. */
export const wanted = { number: '' };

const one = (id: string) => `/api/people/${id}`;

/** The addresses of what the law gives a person. Each throws `Problem`. */
export const people = {
  find: (number: string, reason: string) => call<Covered>('POST', '/api/people/find', { number, reason }),
  who: (id: string) => call<Who>('GET', one(id)),
  covered: (id: string) => call<Covered>('GET', `${one(id)}/covered`),
  unmask: (id: string, reason: string) => call<Who>('POST', `${one(id)}/unmask`, { reason }),
  describe: (id: string, what: { name: string; address: string }) => call<Who>('PUT', one(id), what),
  copy: (id: string, reason: string) => fetchFile('POST', `${one(id)}/copy`, { reason }),
  erase: (id: string, reason: string) => call<{ deletions: Proof[] }>('POST', `${one(id)}/erase`, { reason }),
  hold: (id: string, reason: string) => call<Covered>('POST', `${one(id)}/hold`, { reason }),
  release: (id: string, reason: string) => call<Covered>('POST', `${one(id)}/release`, { reason }),
};
