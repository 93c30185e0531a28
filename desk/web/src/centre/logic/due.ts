/** How long until something is due, in the largest unit that fits. Pure. */

export interface Distance {
  late: boolean;
  unit: 'minutes' | 'hours' | 'days';
  count: number;
}

const MINUTE = 60_000;

export function distance(dueAt: string, now: number): Distance {
  const left = Date.parse(dueAt) - now;
  const minutes = Math.floor(Math.abs(left) / MINUTE);
  const late = left <= 0;
  if (minutes < 90) return { late, unit: 'minutes', count: minutes };
  const hours = Math.round(minutes / 60);
  return hours < 48 ? { late, unit: 'hours', count: hours } : { late, unit: 'days', count: Math.round(hours / 24) };
}
