import { call, query } from '../lib/api';
import type * as wire from './types';

type Words = Record<string, string>;

/** The addresses of records, checklists and isolation reports. Each throws `Problem`. */
export const records = {
  list: (wanted: Words) => call<wire.Entries>('GET', `/api/records${query(wanted)}`),
  write: (channel: string, number: string) =>
    call<wire.Entry>('POST', '/api/records', number ? { channel, number } : { channel }),
  words: () => call<wire.RecordWords>('GET', '/api/record-words'),
  open: (contact: string) => call<wire.Entry>('POST', `/api/contacts/${contact}/record`),
  get: (id: string) => call<wire.Entry>('GET', `/api/records/${id}`),
  save: (id: string, version: number, content: wire.Content) =>
    call<wire.SavedEntry>('PUT', `/api/records/${id}`, { version, ...content }),
  finalise: (id: string, version: number) => call<wire.Entry>('POST', `/api/records/${id}/finalise`, { version }),
  unmask: (id: string, reason: string) => call<wire.Entry>('POST', `/api/records/${id}/unmask`, { reason }),
  versions: (id: string) => call<{ versions: wire.EntryVersion[] }>('GET', `/api/records/${id}/versions`),
  version: (id: string, version: number) => call<wire.EntryVersion>('GET', `/api/records/${id}/versions/${version}`),
  consent: (id: string, consent: wire.NewConsent) => call<wire.Entry>('POST', `/api/records/${id}/consents`, consent),
  withdraw: (id: string, consent: string) => call<wire.Entry>('POST', `/api/records/${id}/consents/${consent}/withdraw`),
  link: (id: string, kind: string, target: string, linked: boolean, reason: string) =>
    call<wire.Entry>('PUT', `/api/records/${id}/links/${kind}/${target}`, { linked, reason }),
  ofPerson: (person: string, before?: string) =>
    call<wire.Entries>('GET', `/api/people/${person}/records${query(before ? { before } : {})}`),

  planOfCaller: (contact: string) => call<{ plan: wire.Plan | null }>('GET', `/api/contacts/${contact}/plan`),
  plan: (person: string) => call<wire.Plan>('GET', `/api/people/${person}/plan`),
  savePlan: (person: string, plan: Omit<wire.Plan, 'person' | 'ended' | 'named_name' | 'agreed_now'>) =>
    call<wire.Plan>('PUT', `/api/people/${person}/plan`, plan),
  endPlan: (person: string, version: number) => call<wire.Plan>('POST', `/api/people/${person}/plan/end`, { version }),

  calls: () => call<{ calls: wire.LiveCall[] }>('GET', '/api/incidents/calls'),
  raise: (contact: string) => call<{ incident: string; new: boolean }>('POST', '/api/incidents', { contact }),

  checklists: () => call<{ checklists: wire.ChecklistLine[] }>('GET', '/api/checklists'),
  checklist: (id: string, version: string) => call<wire.Checklist>('GET', `/api/checklists/${id}/${version}`),
  fill: (id: string, sheet: wire.Sheet) => call<wire.Scored>('PUT', `/api/checklist-results/${id}`, sheet),
  decide: (id: string, decision: wire.Decision, note: string) =>
    call<wire.Result>('POST', `/api/checklist-results/${id}/decision`, { decision, note }),
  result: (id: string) => call<wire.KeptResult>('GET', `/api/checklist-results/${id}`),
  results: (contact: string) => call<{ results: wire.Result[] }>('GET', `/api/contacts/${contact}/checklist-results`),
  trends: (contact: string) => call<{ trends: wire.Trend[] }>('GET', `/api/contacts/${contact}/checklist-trends`),

  report: (id: string, report: wire.NewReport) =>
    call<{ report: wire.Report; danger: boolean; proposed: boolean }>('PUT', `/api/isolation-reports/${id}`, report),
  ownReports: () => call<{ reports: wire.ReportLine[] }>('GET', '/api/me/isolation-reports'),
  readReport: (id: string) => call<wire.Report>('GET', `/api/isolation-reports/${id}`),
};
