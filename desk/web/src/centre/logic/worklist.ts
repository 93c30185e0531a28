/** One list of what is to be done: referrals and isolation reports. Pure. */

import type { CaseState, Line, ReportLine, ReportState, Urgency } from '../types';

export interface Task {
  kind: 'case' | 'report';
  id: string;
  urgency: Urgency;
  /** What is due first of it. */
  dueAt: string;
  overdue: boolean;
  state: CaseState | ReportState;
  /** Nobody has it. */
  free: boolean;
  mine: boolean;
  /** Null: nobody, or somebody whose name is not known here. */
  owner: string | null;
  district: string;
}

export interface Filter {
  show: 'all' | 'free' | 'mine' | 'overdue';
  kind: '' | Task['kind'];
  urgency: '' | Urgency;
  district: string;
}

export const EVERYTHING: Filter = { show: 'all', kind: '', urgency: '', district: '' };
const ORDER: Record<Urgency, number> = { immediate: 0, today: 1, soon: 2, routine: 3 };

/** `staff`: who looks, as the centre's id. */
export const ofCase = (line: Line, staff: string | null): Task => ({
  kind: 'case',
  id: line.id,
  urgency: line.urgency,
  dueAt: line.next_at,
  overdue: line.overdue,
  state: line.state,
  free: line.owner === null,
  mine: line.owner !== null && line.owner === staff,
  owner: line.owner_name,
  district: line.district,
});

/** `user`: who looks, as an account. */
export const ofReport = (line: ReportLine, user: string): Task => ({
  kind: 'report',
  id: line.id,
  urgency: line.urgency === 'now' ? 'immediate' : line.urgency,
  dueAt: line.due_at,
  overdue: line.overdue,
  state: line.state,
  free: line.claimed_by === null,
  mine: line.claimed_by === user,
  owner: null,
  district: line.district,
});

/** Overdue ones first, then by urgency, then by what is due first; `now` in milliseconds, so that a list that stays open tells the truth. */
export function inOrder(tasks: readonly Task[], now: number): Task[] {
  const late = (one: Task) => Number(!(one.overdue || Date.parse(one.dueAt) <= now));
  return tasks
    .map((one) => ({ ...one, overdue: !late(one) }))
    .sort((a, b) => late(a) - late(b) || ORDER[a.urgency] - ORDER[b.urgency] || Date.parse(a.dueAt) - Date.parse(b.dueAt) || (a.id < b.id ? -1 : 1));
}

export const matches = (task: Task, filter: Filter): boolean =>
  (filter.show === 'all' || (filter.show === 'free' ? task.free : filter.show === 'mine' ? task.mine : task.overdue)) &&
  (filter.kind === '' || task.kind === filter.kind) &&
  (filter.urgency === '' || task.urgency === filter.urgency) &&
  (filter.district === '' || task.district === filter.district);
