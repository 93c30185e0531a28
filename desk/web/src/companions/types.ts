/** What the companions' API reads and answers. Weekly times are by the clock in Seoul. */

import type { Permission } from '../centre/types';

export const STATUSES = ['active', 'paused', 'left'] as const;
export type Status = (typeof STATUSES)[number];
export type SupportState = 'offered' | 'active' | 'paused' | 'ended';
export const END_REASONS = [
  'goal_reached', 'person_wishes', 'companion_stops', 'not_taken', 'not_reached', 'back_to_centre', 'consent_over', 'deceased',
] as const;
export type EndReason = (typeof END_REASONS)[number];
export type CallState = 'due' | 'companion_rung' | 'person_rung' | 'talked' | 'missed' | 'given_up' | 'skipped';
export type Skip =
  | 'holiday' | 'support_paused' | 'support_ended' | 'plan_changed' | 'no_permission' | 'consent_over' | 'no_number' | 'cancelled';
export type MatchReason =
  | 'same_district' | 'any_district' | 'common_time' | 'common_topic' | 'gender_as_wished' | 'age_as_wished' | 'has_room' | 'other_district'
  | 'no_common_time' | 'no_common_topic' | 'gender_not_as_wished' | 'age_not_as_wished' | 'no_common_language' | 'full' | 'not_active'
  | 'not_with_this_person';

/** Hours of a weekday, 0 Monday to 6 Sunday. */
export interface Times {
  weekday: number;
  starts: string;
  ends: string;
}

export interface Known {
  name: string;
  districts: string[];
  languages: string[];
  topics: string[];
  gender: string;
  age_band: string;
  times: Times[];
  most: number;
}

export interface Companion extends Known {
  id: string;
  status: Status;
  load: number;
}

export interface Wanted {
  referral: string;
  district: string;
  language: string;
  times: Times[];
  topics: string[];
  gender: string;
  age_bands: string[];
}

export interface Candidate {
  companion: string;
  name: string;
  possible: boolean;
  points: number;
  load: number;
  reasons: { reason: MatchReason; count: number }[];
}

export interface Support {
  id: string;
  /** Null: not for companions. */
  referral: string | null;
  companion: string;
  companion_name: string;
  person: string;
  district: string;
  state: SupportState;
  permission: Permission;
  consent_until: string;
  started_at: string | null;
  ended_at: string | null;
  end_reason: EndReason | null;
}

export interface Plan {
  id: string;
  weekday: number;
  at: string;
  skip_holidays: boolean;
  first: string;
  last: string | null;
}

export interface PlannedCall {
  id: string;
  due_at: string;
  state: CallState;
  next_at: string | null;
  attempts: number;
  skip: Skip | null;
  companion: string;
}

export interface SupportNote {
  id: string;
  at: string;
  by: string | null;
  call: string | null;
  text: string;
}

export interface SupportPage {
  support: Support;
  plans: Plan[];
  substitutes: { companion: string; first: string; last: string }[];
  calls: PlannedCall[];
  notes: SupportNote[];
}
