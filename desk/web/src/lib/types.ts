/** What the desk's API reads and answers. Days are `YYYY-MM-DD` in the service's zone, instants ISO 8601, people their ids. */

export type Day = string;
export type Language = 'ko' | 'en';

export interface Me {
  id: string;
  name: string;
  role: Role;
  counsellor: string | null;
}

export interface SessionState {
  person: Me | null;
  permissions: string[];
  language: Language;
  must_change_password?: boolean;
  second_factor?: boolean;
  expired?: boolean;
}

export type Role = 'counsellor' | 'supervisor' | 'centre' | 'companion' | 'auditor' | 'operator';

export interface Account {
  id: string;
  sign_in_name: string;
  name: string;
  role: Role;
  counsellor: string | null;
  language: Language;
  created_at: string;
  disabled_at: string | null;
  must_change_password: boolean;
  second_factor: boolean;
}

/** Shown this once. */
export interface OneTimePassword {
  user: Account;
  password: string;
}

export interface AccessRow {
  number: number;
  at: string;
  /** Null: nobody was signed in. */
  actor: string | null;
  action: string;
  about_kind: string;
  about: string;
  detail: Record<string, string | number | boolean | null>;
}

export interface Person {
  id: string;
  name: string;
  extension: string;
  skills: string[];
  languages: string[];
  /** Null: not for whoever looks. */
  night_work: string | null;
  supervisor: boolean;
}

/** The version that a change of the whole roster begins with, and why it is changed. */
export interface Base {
  base_version: number;
  reason?: string;
}

/** On which terms somebody is rostered. Days included; null: open. */
export interface Terms {
  person: string;
  name: string;
  extension: string;
  /** A week. */
  contract_minutes: number;
  night_work: 'allowed' | 'no_consent' | 'barred';
  protection: 'pregnant' | 'postpartum' | 'minor' | 'doctor' | null;
  supervisor: boolean;
  since: Day | null;
  until: Day | null;
}

export interface ShiftType {
  code: string;
  name: string;
  name_en: string;
  /** `07:00` or `07:00:00`. */
  starts: string;
  minutes: number;
  duty: 'line' | 'standby' | 'supervisor';
}

export interface Cell {
  person: string;
  day: Day;
  codes: string[];
  pinned?: boolean;
  /** Who made it so, where the answer says. */
  by?: string | null;
}

export interface Change {
  person: string;
  day: Day;
  before: string[];
  after: string[];
  pinned?: boolean;
}

export interface Violation {
  key: string;
  rule: string;
  level: 'hard' | 'policy' | 'wish';
  /** What it is about; `private`: why is not for whoever looks. */
  kind: 'rule' | 'wish' | 'coverage' | 'fairness' | 'private';
  person: string | null;
  day: Day;
  days: Day[];
  text: string;
  mend: string | null;
  overridden: boolean;
  override_reason: string | null;
}

export interface Slot {
  start: string;
  minutes: number;
  have: number;
  least: number;
  wanted: number;
  need: number | null;
}

export interface Tally {
  minutes: number;
  nights: number;
  weekends: number;
  holidays: number;
  contract_minutes: number;
  wishes: number;
  wishes_met: number;
}

export interface Leave {
  id: string;
  person: string;
  name?: string;
  first: Day;
  last: Day;
  kind?: string | null;
  state: string;
  note?: string | null;
  /** A sick call: it counts without anybody's decision. */
  announced?: boolean;
}

/** `code` null: any shift, or, where it is not wanted, a day off. */
export interface Wish {
  person: string;
  name?: string;
  day: Day;
  code: string | null;
  wanted: boolean;
}

export interface RuleParameter {
  name: string;
  label: string;
  value: number;
  usual: number;
  lowest: number;
  highest: number;
}

export interface Rule {
  rule: string;
  level: Violation['level'];
  text: string;
  /** The law, or the house. */
  source: string;
  valid_from: Day | null;
  on: boolean;
  can_switch: boolean;
  parameters: RuleParameter[];
  /** The house's latest change that holds in the month. */
  since: Day | null;
  set_at: string | null;
  set_by: string | null;
}

/** How many the line needs; no weekdays: every day. 0 is Monday. */
export interface Demand {
  starts: string;
  minutes: number;
  least: number;
  wanted: number;
  weekdays: number[];
  skill: string | null;
}

export interface WhatIfHour {
  hour: number;
  contacts_a_day: number;
  service_level: number | null;
  gave_up: number | null;
  asa_s: number | null;
}

/** Shares from 0 to 1, seconds; null where nobody called. */
export interface WhatIfResult {
  contacts: number;
  repetitions: number;
  service_level: number | null;
  gave_up: number | null;
  asa_s: number | null;
  wait_p90_s: number | null;
  into_the_void: number | null;
  occupancy: number | null;
  by_hour: WhatIfHour[];
}

export interface WhatIf {
  state: 'running' | 'done' | 'cancelled' | 'failed';
  /** 0 to 1. */
  progress: number;
  version: number;
  load_percent: number;
  result: WhatIfResult | null;
}

export interface NightHealth {
  since: Day;
  until: Day;
  months: number;
  known_from: Day | null;
  least_stints: number;
  least_night_minutes: number;
  people: { person: string; name: string; stints: number; night_minutes: number; due: boolean }[];
}

export interface Roster {
  id: string | null;
  period: { first: Day; last: Day };
  version: number;
  published_version: number | null;
  people: Person[];
  shift_types: ShiftType[];
  cells: Cell[];
  /** Two weeks before the period. */
  before: Cell[];
  leaves: Leave[];
  wishes: Wish[];
  holidays: Record<Day, string>;
  violations: Violation[];
  coverage: Slot[];
  fairness: Record<string, Tally>;
  editors: string[];
  can: string[];
}

export interface Edited {
  version: number;
  cells: Cell[];
  violations: Violation[];
  coverage: Slot[];
  fairness: Record<string, Tally>;
}

export interface SolveJob {
  state: 'running' | 'optimal' | 'feasible' | 'infeasible' | 'unknown' | 'cancelled' | 'failed';
  cost: number | null;
  bound: number | null;
  changes: Change[];
  short: string[];
  text: string;
}

export interface Published {
  published_version: number;
  alarms: string[];
}

export interface Candidate {
  person: string;
  name: string;
  lawful: boolean;
  standby: boolean;
  breaks: string[];
  minutes: number;
  nights: number;
}

export interface Swap {
  id: string;
  person: string;
  name: string;
  day: Day;
  code: string;
  other: string;
  other_name: string;
  their_day: Day | null;
  their_code: string | null;
  state: string;
}

export interface SwapOption {
  other: string;
  other_name: string;
  their_day: Day | null;
  their_code: string | null;
  breaks: string[];
}

export interface ImportPreview {
  token: string;
  changes: Change[];
  problems: { cell: string; text: string; level: 'error' | 'warning' }[];
}

export interface OwnShift {
  day: Day;
  code: string;
  name: string;
  starts_at: string;
  ends_at: string;
  duty: string;
  pauses: { starts_at: string; ends_at: string }[];
}

export interface History {
  edits: { version: number; at: string; by: string | null; kind: string; reason: string | null; about: number | null; cells: number }[];
  publications: { version: number; at: string; by: string | null; reason: string; overrides: number }[];
}

export interface RosterChanged {
  month: string;
  version: number;
  by: string | null;
  by_user: string | null;
  cells: Cell[];
}
