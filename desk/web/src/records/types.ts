/** What the API of records, checklists and isolation reports reads and answers. Instants are ISO 8601, days `YYYY-MM-DD`. */

import type { Day } from '../lib/types';

/** What a counsellor fills in. */
export interface Content {
  kinds: string[];
  non_counselling: string | null;
  caller: string | null;
  subject: string | null;
  district: string | null;
  age_band: string | null;
  skills: string[];
  feeling_before: number | null;
  feeling_after: number | null;
  about: string;
  text: string;
  sensitive: string;
  companion_note: string;
  reason: string;
}

export interface Consent {
  id: string;
  purpose: string;
  given: boolean;
  guardian: boolean;
  script_version: string;
  recipient: string;
  items: string[];
  until: Day | null;
  at: string;
  withdrawn_at: string | null;
}

export interface NewConsent {
  purpose: string;
  given: boolean;
  script_version: string;
  recipient: string;
  items: string[];
  until: Day | null;
  guardian: boolean;
}

/** Something else that belongs to the consultation, in its state there; `by`: of the same call, of the same person, or linked by hand. */
export interface RelatedTo {
  kind: string;
  id: string;
  state: string;
  by: 'call' | 'person' | 'hand';
}

export interface Entry {
  id: string;
  contact: string | null;
  person: string | null;
  /** Covered in its middle, but for who gave a reason. */
  number: string | null;
  counsellor: string | null;
  channel: string;
  state: 'draft' | 'final';
  version: number;
  created_at: string;
  changed_at: string;
  final_at: string | null;
  /** May be written. */
  mine: boolean;
  /** Parts that are not for whoever looks. */
  hidden: string[];
  content: Content;
  links: RelatedTo[];
  consents: Consent[];
}

export interface Entries {
  records: Entry[];
  next: string | null;
}

export interface SavedEntry {
  record: Entry;
  /** Text -> registration numbers that were taken out. */
  removed: Record<string, number>;
}

export interface EntryVersion {
  version: number;
  at: string;
  by: string | null;
  changed: string[];
  removed: Record<string, number>;
  content: Content | null;
}

export interface Choice {
  code: string;
  ko: string;
  en: string;
}

export interface RecordWords {
  kinds: string[];
  non_counselling: string[];
  callers: string[];
  age_bands: string[];
  skills: Choice[];
  districts: Choice[];
  longest_text: number;
}

/** 0 is Monday; times `HH:MM:SS`, until before since: after midnight. */
export interface AgreedTime {
  weekday: number;
  since: string;
  until: string;
}

export interface Caution {
  text: string;
  until: Day;
}

export interface Plan {
  person: string;
  version: number;
  ended: boolean;
  times: AgreedTime[];
  minutes: number | null;
  named: string | null;
  named_name: string | null;
  helps: string;
  avoid: string;
  warnings: Caution[];
  agreed_now: boolean | null;
}

/** A call that goes on; `incident`: there is a crisis in it already. */
export interface LiveCall {
  contact: string;
  since: string;
  state: string;
  counsellor: string | null;
  mine: boolean;
  incident: string | null;
}

export interface Said {
  ko: string;
  en: string;
}

export interface ChecklistLine {
  id: string;
  version: string;
  name: Said;
  items: number;
  forms: string[];
  everywhere: boolean;
}

export interface Item {
  id: string;
  section: string;
  text: Said;
  choices: { value: number; text: Said }[];
}

export interface Named {
  id: string;
  title: Said;
}

export interface Checklist {
  id: string;
  version: string;
  name: Said;
  intro: Said;
  source: string;
  terms: string;
  note: string;
  sections: { id: string; title: Said; conditional: boolean }[];
  forms: { id: string; title: Said; sections: string[] }[];
  items: Item[];
  scores: Named[];
  flags: Named[];
  outcomes: Named[];
  levels: Named[];
  everywhere: string[];
}

export type Answers = Record<string, number>;

export interface Sheet {
  checklist: string;
  version: string;
  form: string;
  contact: string | null;
  answers: Answers;
  note: string;
  finished: boolean;
}

/** What the answers come to. `outcome` null while something is missing. `proposed` false: nobody could be told of the alarm. */
export interface Scored {
  id: string;
  complete: boolean;
  missing: string[];
  scores: Record<string, number>;
  flags: Record<string, boolean>;
  outcome: Named | null;
  recommends: string[];
  level: { settled: boolean; at_least: Named | null; unresolved: string[] } | null;
  alarms: string[];
  proposed: boolean;
  everywhere: string[];
}

export interface Result {
  id: string;
  checklist: string;
  version: string;
  form: string;
  contact: string | null;
  complete: boolean;
  scores: Record<string, number>;
  outcome: string | null;
  level: string | null;
  alarms: string[];
  started_at: string;
  finished_at: string | null;
  decision: string | null;
}

export interface KeptResult extends Result {
  answers: Answers;
  note: string;
}

export interface Trend {
  checklist: string;
  version: string;
  points: { id: string; at: string; form: string; scores: Record<string, number>; outcome: string | null; level: string | null }[];
}

export type Decision = 'followed' | 'otherwise' | 'declined';

export interface Subject {
  name: string;
  number: string;
  address: string;
  whereabouts: string;
  noticed: string;
  district: string;
  age_band: string | null;
}

export interface Reporter {
  relation: string;
  name: string;
  number: string;
  how_they_know: string;
  wants_feedback: boolean;
  consent_script: string;
}

export interface NewReport {
  urgency: string;
  signs: string[];
  subject: Subject;
  /** Null: they would not say who they are. */
  reporter: Reporter | null;
  contact: string | null;
}

export interface ReportLine {
  id: string;
  made_at: string;
  urgency: string;
  due_at: string;
  overdue: boolean;
  district: string;
  signs: string[];
  state: string;
  feedback_wanted: boolean;
  outcome: string | null;
}

export interface Report {
  report: ReportLine;
  contact: string | null;
  subject: Subject;
  events: { at: string; by: string; what: string; note: string }[];
  hints: { report: string; by: string[]; state: string; made_at: string }[];
}
