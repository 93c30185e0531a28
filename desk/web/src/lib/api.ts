import { problemOf, unreached } from './problem';
import type * as wire from './types';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request that is not answered by then counts as not reaching the server; it may have been carried out all the same. */
const TIMEOUT_MS = 20_000;

let sessionLost: () => void = () => undefined;

/** Have it called whenever an answer says that nobody is signed in any more. */
export function onSessionLost(listener: () => void): void {
  sessionLost = listener;
}

async function answered(method: Method, path: string, body?: unknown): Promise<Response> {
  const init: RequestInit = { method, credentials: 'same-origin', signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body instanceof FormData) {
    init.body = body;
  } else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw unreached();
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (problem.signIn) sessionLost();
    throw problem;
  }
  return response;
}

/** A request of the API; for rooms that keep their addresses themselves. Throws `Problem`. */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await answered(method, path, body);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw unreached();
  }
}

/** A request whose answer is a file, to be kept by whoever asks. Throws `Problem`. */
export async function fetchFile(method: Method, path: string, body?: unknown): Promise<File> {
  const response = await answered(method, path, body);
  const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'file';
  try {
    return new File([await response.blob()], decodeURIComponent(name));
  } catch {
    throw unreached();
  }
}

/** Put a file where the browser puts what is downloaded. */
export function keep(file: File): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = file.name;
  link.click();
  URL.revokeObjectURL(address);
}

export const query = (values: Record<string, string>): string => `?${new URLSearchParams(values)}`;

export function upload(file: File): FormData {
  const form = new FormData();
  form.append('file', file);
  return form;
}

/** Every address that the pages use. Each throws `Problem`. */
export const api = {
  session: () => call<wire.SessionState>('GET', '/api/session'),
  signIn: (name: string, password: string, code?: string) =>
    call<wire.SessionState>('POST', '/api/session', code ? { name, password, code } : { name, password }),
  signOut: () => call<void>('DELETE', '/api/session'),
  setLanguage: (language: wire.Language) => call<wire.SessionState>('PUT', '/api/session/language', { language }),
  changePassword: (current: string, next: string) =>
    call<wire.SessionState>('POST', '/api/session/password', { current, new: next }),
  beginSecondFactor: (password: string) =>
    call<{ secret: string; uri: string }>('POST', '/api/session/second-factor', { password }),
  confirmSecondFactor: (code: string) => call<wire.SessionState>('POST', '/api/session/second-factor/confirm', { code }),
  removeSecondFactor: (password: string) => call<wire.SessionState>('POST', '/api/session/second-factor/remove', { password }),

  users: () => call<{ users: wire.Account[] }>('GET', '/api/users'),
  addUser: (user: { sign_in_name: string; name: string; role: wire.Role; counsellor?: string; language: wire.Language }) =>
    call<wire.OneTimePassword>('POST', '/api/users', user),
  changeUser: (id: string, change: { name?: string; role?: wire.Role; disabled?: boolean }) =>
    call<wire.Account>('PATCH', `/api/users/${id}`, change),
  resetPassword: (id: string) => call<wire.OneTimePassword>('POST', `/api/users/${id}/password`),
  resetSecondFactor: (id: string) => call<wire.Account>('DELETE', `/api/users/${id}/second-factor`),
  /** "" any. */
  accessLog: ({ actor, action, day }: { actor: string; action: string; day: string }, before?: number) =>
    call<{ rows: wire.AccessRow[] }>(
      'GET',
      `/api/access-log${query({ ...(actor && { actor }), ...(action && { action }), ...(day && { from: day, to: day }), ...(before && { before: String(before) }) })}`,
    ),

  roster: (month: string) => call<wire.Roster>('GET', `/api/rosters/${month}`),
  edit: (month: string, base_version: number, changes: wire.Change[], reason?: string) =>
    call<wire.Edited>('POST', `/api/rosters/${month}/edits`, reason ? { base_version, changes, reason } : { base_version, changes }),
  undo: (month: string, base: wire.Base) => call<wire.Edited>('POST', `/api/rosters/${month}/undo`, base),
  redo: (month: string, base: wire.Base) => call<wire.Edited>('POST', `/api/rosters/${month}/redo`, base),
  diff: (month: string, from: string, to: string) =>
    call<{ changes: wire.Change[] }>('GET', `/api/rosters/${month}/diff${query({ from, to })}`),
  history: (month: string) => call<wire.History>('GET', `/api/rosters/${month}/history`),
  publish: (month: string, version: number, reason: string, overrides: { key: string; reason: string }[]) =>
    call<wire.Published>('POST', `/api/rosters/${month}/publish`, { version, reason, overrides }),
  substitutes: (month: string, day: wire.Day, code: string) =>
    call<{ candidates: wire.Candidate[] }>('GET', `/api/rosters/${month}/substitutes${query({ day, code })}`),

  solve: (month: string, mode: string, seconds: number) =>
    call<{ job: string }>('POST', `/api/rosters/${month}/solve`, { mode, seconds }),
  solveState: (month: string, job: string) => call<wire.SolveJob>('GET', `/api/rosters/${month}/solve/${job}`),
  cancelSolve: (month: string, job: string) => call<void>('DELETE', `/api/rosters/${month}/solve/${job}`),
  acceptSolve: (month: string, job: string, base: wire.Base) =>
    call<wire.Edited>('POST', `/api/rosters/${month}/solve/${job}/accept`, base),

  importFile: (month: string, file: File) => call<wire.ImportPreview>('POST', `/api/rosters/${month}/import`, upload(file)),
  applyImport: (month: string, token: string, base: wire.Base) =>
    call<wire.Edited>('POST', `/api/rosters/${month}/import/${token}/apply`, base),
  exportAddress: (month: string) => `/api/rosters/${month}/export.xlsx`,

  startWhatIf: (month: string, repetitions: number, load_percent: number) =>
    call<{ job: string }>('POST', `/api/rosters/${month}/what-if`, { repetitions, load_percent }),
  whatIf: (month: string, job: string) => call<wire.WhatIf>('GET', `/api/rosters/${month}/what-if/${job}`),
  cancelWhatIf: (month: string, job: string) => call<void>('DELETE', `/api/rosters/${month}/what-if/${job}`),

  rules: (month: string) => call<{ rules: wire.Rule[] }>('GET', `/api/rules${query({ month })}`),
  setRule: (rule: string, change: { month: string; on?: boolean; values?: Record<string, number>; reason: string }) =>
    call<wire.Rule>('PUT', `/api/rules/${rule}`, change),
  demand: () => call<{ demand: wire.Demand[] }>('GET', '/api/demand'),
  setDemand: (demand: wire.Demand[], reason: string) => call<{ demand: wire.Demand[] }>('PUT', '/api/demand', { demand, reason }),
  forecast: (month: string) => call<{ demand: wire.Demand[]; days: number }>('GET', `/api/demand/forecast${query({ month })}`),
  takeForecast: (month: string, reason: string) =>
    call<{ demand: wire.Demand[]; days: number }>('POST', '/api/demand/forecast', { month, reason }),
  terms: () => call<{ people: wire.Terms[] }>('GET', '/api/roster-people'),
  setTerms: (person: string, terms: Omit<wire.Terms, 'person' | 'name' | 'extension'> & { reason: string }) =>
    call<wire.Terms>('PUT', `/api/roster-people/${person}`, terms),
  nightHealth: (until: wire.Day) => call<wire.NightHealth>('GET', `/api/night-health${query({ until })}`),

  wishes: (from: wire.Day, to: wire.Day) => call<{ wishes: wire.Wish[] }>('GET', `/api/wishes${query({ from, to })}`),
  setWish: (wish: { day: wire.Day; code: string | null; wanted: boolean }) => call<wire.Wish>('PUT', '/api/wishes', wish),
  dropWish: (day: wire.Day) => call<void>('DELETE', `/api/wishes/${day}`),
  leaves: () => call<{ leaves: wire.Leave[] }>('GET', '/api/leaves'),
  askLeave: (leave: { person?: string; first: wire.Day; last: wire.Day; kind: string; note: string }) =>
    call<wire.Leave>('POST', '/api/leaves', leave),
  decideLeave: (id: string, how: 'approve' | 'refuse' | 'withdraw') => call<wire.Leave>('POST', `/api/leaves/${id}/${how}`),
  swaps: () => call<{ swaps: wire.Swap[] }>('GET', '/api/swaps'),
  swapOptions: (day: wire.Day, code: string) =>
    call<{ options: wire.SwapOption[] }>('GET', `/api/swaps/options${query({ day, code })}`),
  askSwap: (swap: { day: wire.Day; code: string; other: string; their_day: wire.Day | null; their_code: string | null }) =>
    call<wire.Swap>('POST', '/api/swaps', swap),
  decideSwap: (id: string, how: 'agree' | 'approve' | 'refuse' | 'withdraw') => call<wire.Swap>('POST', `/api/swaps/${id}/${how}`),

  ownShifts: (from: wire.Day, to: wire.Day) => call<{ shifts: wire.OwnShift[] }>('GET', `/api/me/shifts${query({ from, to })}`),
  hasFeed: () => call<{ exists: boolean }>('GET', '/api/me/feed'),
  makeFeed: () => call<{ url: string }>('POST', '/api/me/feed'),
  endFeed: () => call<void>('DELETE', '/api/me/feed'),
};
