/** What the API of incidents and alarms reads and answers. */

export interface Attempt {
  id: string;
  number: number;
  partner: string;
  stage: 'dialling' | 'answered' | 'briefed' | 'private' | 'joined' | 'over';
  result: string | null;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  /** The test endpoint was called, not the partner. */
  test: boolean;
}

export type State = 'raised' | 'dialling' | 'answered' | 'joined' | 'taken_over' | 'unreached' | 'confirmed' | 'closed';

export interface Incident {
  id: string;
  contact: string;
  raised_at: string;
  raised_by: string;
  state: State;
  danger: string | null;
  proposed: boolean;
  third_party: boolean;
  counsellor: string | null;
  counsellor_name: string | null;
  /** The call goes on. */
  on_line: boolean;
  attempts: Attempt[];
  taken_over_at: string | null;
  caller_gone_at: string | null;
  counsellor_gone_at: string | null;
  redials: number;
  nags: number;
  next: { kind: string; level: string; at: string } | null;
  ended_at: string | null;
  ended_by: string | null;
  close_reason: string | null;
}

export interface Incidents {
  incidents: Incident[];
  /** The server's clock. */
  now: string;
  test: boolean;
}

export interface Line {
  at: string;
  kind: string;
  attempt: string | null;
  who: string | null;
  detail: Record<string, string | boolean>;
}

export interface Reminder {
  id: string;
  kind: string;
  at: string;
  level: string;
  seen_at: string | null;
  seen_by: string | null;
}

export interface Order {
  id: string;
  incident: string;
  kind: string;
  partner: string | null;
  at: string;
  taken_at: string | null;
  new: boolean;
}

export interface Detail {
  incident: Incident;
  now: string;
  test: boolean;
  chain: string[];
  next_partner: string | null;
  timeline: Line[];
  reminders: Reminder[];
  orders: Order[];
}

export interface Call {
  contact: string;
  since: string;
  state: string;
  counsellor: string | null;
  mine: boolean;
  incident: string | null;
}

export interface Partner {
  id: string;
  kind: string;
  name_ko: string;
  name_en: string;
  number: string | null;
  needs: string[];
  open: boolean;
  dialled: boolean;
}

export interface Partners {
  partners: Partner[];
  order: Record<string, string[]>;
  test: boolean;
}

export interface Lines {
  ko: string[];
  en: string[];
}

export interface Card {
  incident: string;
  version: number;
  told: Record<string, string>;
  known: Record<string, string>;
  reporter: { relation: string; number: string } | null;
  caller: string | null;
  covered: boolean;
  test: boolean;
  lines: Lines;
}

export interface Disclosure {
  id: string;
  at: string;
  about_kind: string;
  about: string;
  recipient: string;
  items: string[];
  ground: string;
  decided_by: string;
  decided_by_name: string | null;
  consent: string | null;
}

export interface Disclosures {
  disclosures: Disclosure[];
  lines: Lines;
}

export interface Alarm {
  id: string;
  kind: string;
  ko: string;
  en: string;
  at: string;
  about: string | null;
  incident: string | null;
  level: string;
  proposed: boolean;
  seen_at: string | null;
  seen_by: string | null;
}
