/** What the centre's API reads and answers. Instants ISO 8601; a member of staff is an id of the centre's, not an account. */

export const URGENCIES = ['immediate', 'today', 'soon', 'routine'] as const;
export type Urgency = (typeof URGENCIES)[number];
export type CaseState =
  | 'proposed' | 'refused' | 'consented' | 'live' | 'waiting' | 'claimed' | 'in_contact' | 'in_counselling' | 'closed' | 'reopened' | 'withdrawn';
export const OUTCOMES = [
  'relieved', 'linked', 'companion', 'declined', 'unreached', 'wrong_person', 'emergency', 'moved_away', 'deceased', 'duplicate',
] as const;
export type Outcome = (typeof OUTCOMES)[number];
export const HOURS = ['any', 'daytime', 'evening'] as const;
export type Hours = (typeof HOURS)[number];
export type Recipient = 'centre' | 'companions' | 'service';
export const ITEMS = [
  'name', 'number', 'district', 'reason', 'address', 'age_band', 'household', 'record', 'checklist', 'health', 'needs', 'wishes',
] as const;
export type Item = (typeof ITEMS)[number];
export const AREAS = ['welfare', 'medical', 'housing', 'psychological'] as const;
export type Area = (typeof AREAS)[number];
export const NEED_STATES = ['open', 'met', 'declined'] as const;
export type NeedState = (typeof NEED_STATES)[number];
export type LinkState = 'planned' | 'told' | 'handed_over' | 'accepted' | 'refused' | 'queued' | 'cancelled';
export const FOLLOW_UPS = ['call', 'visit', 'ask_service', 'other'] as const;
export type FollowUpKind = (typeof FOLLOW_UPS)[number] | 'companion';
export type NoteKind = 'reason' | 'counselling' | 'note' | 'closing';
export type Result =
  | 'talked' | 'no_answer' | 'message_left' | 'busy' | 'unreachable' | 'declined' | 'wrong_person' | 'staff_absent' | 'interrupted';
export const AGES = ['under_14', '14_19', '20s', '30s', '40s', '50s', '60s', '70s', '80_up'] as const;
export type Age = (typeof AGES)[number];
/** Imminent danger: the article that is the ground. */
export const GROUNDS = ['pipa_17_1_2', 'pipa_18_2_3'] as const;
export type Ground = (typeof GROUNDS)[number];
export const HUMANS = ['ready', 'break', 'off'] as const;
export type Human = (typeof HUMANS)[number];
export type Barrier =
  | 'not_held' | 'no_permission' | 'consent_over' | 'no_number' | 'under_way' | 'exhausted' | 'too_soon' | 'outside_hours' | 'no_phone';

/** Null: not asked. */
export interface Permission {
  may_call: boolean | null;
  may_say_who: boolean | null;
  may_leave_message: boolean | null;
  shared_phone: boolean | null;
  hours: Hours;
}

export interface NewReferral {
  contact?: string | null;
  name: string;
  number: string | null;
  language: string | null;
  district: string;
  age_band: string;
  reason: string;
  urgency: Urgency;
}

export interface Consent {
  given: boolean;
  recipient_name: string;
  purpose: string;
  items: Item[];
  until: string | null;
  right_to_refuse_told: boolean;
  script_version: string;
  recording: string;
  under_14: boolean;
  by_guardian: boolean;
}

export interface Referral {
  id: string;
  state: CaseState;
  urgency: Urgency;
  created_at: string;
  due_at: string | null;
  outcome: Outcome | null;
  district: string;
}

export interface Sent {
  way: 'live' | 'worklist';
  why: string;
  staff: string | null;
  referral: Referral;
}

export interface Line {
  id: string;
  state: CaseState;
  urgency: Urgency;
  due_at: string;
  /** What is due first of it. */
  next_at: string;
  overdue: boolean;
  owner: string | null;
  owner_name: string | null;
  district: string;
}

export interface Worklist {
  items: Line[];
  mine: string | null;
}

export interface ConsentAnswer extends Consent {
  id: string;
  recipient: Recipient;
  at: string;
}

export interface Note {
  id: string;
  at: string;
  by: string | null;
  kind: NoteKind;
  /** Null: not theirs to read. */
  text: string | null;
  replaces: string | null;
}

export interface Need {
  id: string;
  area: Area;
  state: NeedState;
  text: string | null;
  at: string;
}

export interface Link {
  id: string;
  need: string;
  service_id: string | null;
  service: string;
  state: LinkState;
  result: string | null;
  at: string;
  handed_over_at: string | null;
}

export interface FollowUp {
  id: string;
  kind: FollowUpKind;
  due_at: string;
  text: string | null;
  done_at: string | null;
  cancelled: boolean;
  result: string | null;
}

export interface Attempt {
  id: string;
  staff: string;
  ordered_at: string;
  talked_at: string | null;
  ended_at: string | null;
  /** Null: under way. */
  result: Result | null;
}

export interface Happened {
  at: string;
  kind: string;
  by: string | null;
  state: CaseState;
}

export interface Callable {
  barrier: Barrier | null;
  until: string | null;
  say_who: boolean;
  leave_message: boolean;
  message_says_who: boolean;
}

export interface Case {
  /** Whose records they are; null: not known by their number. */
  person: string | null;
  referral: Referral;
  name: string;
  /** Covered; the system dials. */
  number: string | null;
  language: string;
  age_band: string;
  basis: 'consent' | 'danger' | null;
  consent_until: string | null;
  permission: Permission;
  owner: string | null;
  owner_name: string | null;
  mine: boolean;
  call: Callable;
  consents: ConsentAnswer[];
  notes: Note[];
  needs: Need[];
  links: Link[];
  follow_ups: FollowUp[];
  attempts: Attempt[];
  events: Happened[];
}

export interface Staff {
  id: string;
  name: string;
  extension: string;
  languages: string[];
  human: Human;
  free: boolean;
  /** On duty until then. */
  until: string | null;
}

/** Hours of a weekday (0 Monday to 6 Sunday) or of a date; without times: off. */
export interface Duty {
  weekday: number | null;
  day: string | null;
  starts: string | null;
  ends: string | null;
}

export interface StaffList {
  staff: Staff[];
  duties: (Duty & { staff: string })[];
  mine: string | null;
}

export interface District {
  code: string;
  ko: string;
  en: string;
}

/** An entry of the directory, as far as it is needed here. */
export interface Place {
  id: string;
  name: string;
  name_en: string;
  district: string;
  phone: string;
  areas: string[];
  opening: { status: 'open' | 'closed' | 'unknown' | 'planned' | 'ended' };
}

export const REPORT_URGENCIES = ['now', 'today', 'soon', 'routine'] as const;
export type ReportUrgency = (typeof REPORT_URGENCIES)[number];
export type ReportState = 'open' | 'claimed' | 'closed';
export const REPORT_OUTCOMES = ['supported', 'referred', 'not_needed', 'declined', 'not_found', 'duplicate', 'passed_on'] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];
export type Sign =
  | 'not_seen' | 'no_answer' | 'post_piles_up' | 'smell' | 'light_or_tv_always_on' | 'bills_unpaid' | 'no_visitors' | 'does_not_eat' | 'ill_or_hurt'
  | 'drinks' | 'hoarding' | 'low_spirits' | 'spoke_of_death' | 'lost_somebody' | 'other';
export type Relation = 'family' | 'neighbour' | 'friend' | 'landlord' | 'worker' | 'other';

export interface ReportLine {
  id: string;
  made_at: string;
  urgency: ReportUrgency;
  due_at: string;
  overdue: boolean;
  district: string;
  signs: Sign[];
  state: ReportState;
  /** An account. */
  claimed_by: string | null;
  feedback_wanted: boolean;
  outcome: ReportOutcome | null;
}

export interface Report {
  report: ReportLine;
  contact: string | null;
  made_by: string;
  subject: {
    name: string;
    number: string;
    address: string;
    whereabouts: string;
    noticed: string;
    district: string;
    age_band: string | null;
  };
  events: { at: string; by: string; what: string; note: string }[];
  hints: { report: string; by: string[]; state: ReportState; made_at: string }[];
}

export interface Reporter {
  known: boolean;
  relation: Relation | '';
  name: string;
  number: string;
  how_they_know: string;
  wants_feedback: boolean;
  consent_script: string;
}
