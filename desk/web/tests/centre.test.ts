import { beforeEach, describe, expect, test, vi } from 'vitest';
import { asked, consent, missing, monthsLater } from '../src/centre/logic/asking';
import { distance } from '../src/centre/logic/due';
import { instant } from '../src/centre/logic/instant';
import { arrived, replacedBy, written } from '../src/centre/logic/notes';
import { found } from '../src/centre/logic/places';
import { LINK_STEPS, nextStep, putThrough } from '../src/centre/logic/steps';
import { tags } from '../src/centre/logic/tags';
import { folded } from '../src/centre/logic/timeline';
import { EVERYTHING, inOrder, matches, ofCase, ofReport, type Task } from '../src/centre/logic/worklist';
import type { Happened, Line, Note, Place, ReportLine } from '../src/centre/types';
import { sorted } from '../src/companions/logic/calls';
import type { PlannedCall } from '../src/companions/types';

const kept = new Map<string, string>();
vi.stubGlobal('sessionStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
  removeItem: (key: string) => kept.delete(key),
});
const centre = vi.hoisted(() => ({ note: vi.fn(), case: vi.fn() }));
vi.mock('../src/centre/api', () => ({ centre }));
const { Draft } = await import('../src/centre/draft.svelte');
const { Problem, unreached } = await import('../src/lib/problem');

const NOW = Date.parse('2027-03-02T03:00:00Z');
const at = (hours: number) => new Date(NOW + hours * 3_600_000).toISOString();

describe('the worklist', () => {
  const line = (id: string, urgency: Line['urgency'], hours: number, owner: string | null = null): Line => ({
    id, state: owner ? 'claimed' : 'waiting', urgency, due_at: at(hours), next_at: at(hours), overdue: false, owner, owner_name: owner, district: 'mapo',
  });
  const report = (id: string, urgency: ReportLine['urgency'], hours: number): ReportLine => ({
    id, made_at: at(-1), urgency, due_at: at(hours), overdue: hours <= 0, district: '', signs: [], state: 'open', claimed_by: null, feedback_wanted: false,
    outcome: null,
  });
  const order = (tasks: Task[], now = NOW) => inOrder(tasks, now).map((one) => one.id);

  test('what is overdue comes first, then the most urgent, then what is due first', () => {
    const tasks = [ofCase(line('a', 'soon', 5), null), ofCase(line('b', 'immediate', 1), null), ofReport(report('c', 'today', -1), 'u'), ofReport(report('d', 'now', 0.5), 'u')];
    expect(order(tasks)).toEqual(['c', 'd', 'b', 'a']);
    expect(order(tasks, NOW + 6 * 3_600_000)).toEqual(['d', 'b', 'c', 'a']);
    expect(inOrder(tasks, NOW + 6 * 3_600_000).every((one) => one.overdue)).toBe(true);
  });

  test('it is narrowed down by who has it, kind, urgency and district', () => {
    const mine = ofCase(line('a', 'soon', 5, 'me'), 'me');
    const theirs = ofCase(line('b', 'today', 5, 'other'), 'me');
    const open = ofReport(report('c', 'now', 5), 'u');
    const shown = (filter: Partial<typeof EVERYTHING>) => [mine, theirs, open].filter((one) => matches(one, { ...EVERYTHING, ...filter })).map((one) => one.id);
    expect(shown({})).toEqual(['a', 'b', 'c']);
    expect(shown({ show: 'mine' })).toEqual(['a']);
    expect(shown({ show: 'free' })).toEqual(['c']);
    expect(shown({ show: 'overdue' })).toEqual([]);
    expect(shown({ kind: 'report', urgency: 'immediate' })).toEqual(['c']);
    expect(shown({ district: 'mapo' })).toEqual(['a', 'b']);
  });
});

test('how long is left is said in the unit that fits', () => {
  expect(distance(at(1), NOW)).toEqual({ late: false, unit: 'minutes', count: 60 });
  expect(distance(at(-3), NOW)).toEqual({ late: true, unit: 'hours', count: 3 });
  expect(distance(at(72), NOW)).toEqual({ late: false, unit: 'days', count: 3 });
  expect(distance(at(0), NOW)).toEqual({ late: true, unit: 'minutes', count: 0 });
});

describe('texts of a case', () => {
  const note = (id: string, replaces: string | null = null, text = id): Note => ({ id, at: at(Number(id)), by: 'anna', kind: 'note', text, replaces });

  test('the last version is shown, what it replaced behind it, in the order of their beginnings', () => {
    const shown = written([note('1'), note('2'), note('3', '1'), note('4', '3')]);
    expect(shown.map((one) => [one.note.id, one.earlier.map((before) => before.id), one.conflict])).toEqual([['4', ['3', '1'], false], ['2', [], false]]);
  });

  test('two versions of one text are both shown', () => {
    const shown = written([note('1'), note('2', '1'), note('3', '1'), note('4', '3')]);
    expect(shown.map((one) => [one.note.id, one.conflict])).toEqual([['2', true], ['4', true]]);
  });

  test('what replaces itself in a circle ends', () => {
    expect(written([note('1', '2'), note('2', '1'), note('3', '2')]).map((one) => one.note.id)).toEqual(['3']);
  });

  test('a text whose answer was lost is found again, and who replaced it', () => {
    const notes = [note('1'), note('2', '1', 'mine')];
    expect(arrived(notes, { text: 'mine', replaces: '1', known: new Set(['1']) })?.id).toBe('2');
    expect(arrived(notes, { text: 'mine', replaces: '1', known: new Set(['1', '2']) })).toBeUndefined();
    expect(replacedBy(notes, '1')?.id).toBe('2');
    expect(replacedBy(notes, '2')).toBeUndefined();
  });
});

describe('a text that is being written', () => {
  beforeEach(() => {
    kept.clear();
    vi.useFakeTimers();
    centre.note.mockReset();
    centre.case.mockReset();
    let number = 0;
    centre.note.mockImplementation(() => Promise.resolve({ id: `made-${++number}` }));
  });

  const typed = (draft: InstanceType<typeof Draft>, text: string) => {
    draft.text = text;
    draft.touched();
  };

  test('it is stored after a pause, each version on top of the one before, and kept nowhere else then', async () => {
    const draft = new Draft('case', 'note', 'anna');
    typed(draft, 'one');
    expect(kept.size).toBe(1);
    await vi.advanceTimersByTimeAsync(5000);
    typed(draft, 'one two');
    expect(await draft.flush()).toBe(true);
    expect(centre.note.mock.calls).toEqual([['case', 'note', 'one', null], ['case', 'note', 'one two', 'made-1']]);
    expect(kept.size).toBe(0);
  });

  test('what does not reach the server is tried again, and not sent twice if only the answer was lost', async () => {
    const draft = new Draft('case', 'note', 'anna');
    centre.note.mockRejectedValueOnce(unreached());
    centre.case.mockResolvedValueOnce({ notes: [{ id: 'arrived', text: 'one', replaces: null }] });
    typed(draft, 'one');
    expect(await draft.flush()).toBe(false);
    expect(draft.state).toBe('away');
    await vi.advanceTimersByTimeAsync(1500);
    expect([draft.state, draft.changed, kept.size]).toEqual(['idle', false, 0]);
    typed(draft, 'two');
    await draft.flush();
    expect(centre.note.mock.calls.at(-1)).toEqual(['case', 'note', 'two', 'arrived']);
    expect(centre.note).toHaveBeenCalledTimes(2);
  });

  test('it is there after a reload, for whoever wrote it only', async () => {
    centre.note.mockRejectedValueOnce(new Problem(401, 'session_expired', { ko: '', en: '' }));
    const draft = new Draft('case', 'counselling', 'anna', 'base', 'before');
    typed(draft, 'after');
    await draft.flush();
    expect(draft.state).toBe('signed_out');
    centre.case.mockResolvedValueOnce({ notes: [] });
    expect(Draft.restored('case', 'boram')).toBeNull();
    const again = Draft.restored('case', 'anna');
    expect(again?.text).toBe('after');
    await vi.advanceTimersByTimeAsync(10);
    expect(centre.note.mock.calls.at(-1)).toEqual(['case', 'counselling', 'after', 'base']);
  });

  test('what the server refuses stays in the field, with what is wrong', async () => {
    const draft = new Draft('case', 'note', 'anna');
    centre.note.mockRejectedValueOnce(new Problem(422, 'text_too_long', { ko: '깁니다', en: 'too long' }));
    typed(draft, 'long');
    expect(await draft.flush()).toBe(false);
    expect([draft.text, draft.problem?.code, kept.size]).toEqual(['long', 'text_too_long', 1]);
  });

  test("somebody else's version holds it until it is decided", async () => {
    const draft = new Draft('case', 'note', 'anna', 'base', 'mine');
    const theirs: Note = { id: 'theirs', at: at(1), by: 'boram', kind: 'note', text: 'theirs', replaces: 'base' };
    draft.see([{ ...theirs, id: 'base', text: 'mine', replaces: null }, theirs]);
    expect(draft.theirs?.id).toBe('theirs');
    typed(draft, 'mine, longer');
    expect(await draft.flush()).toBe(false);
    expect(centre.note).not.toHaveBeenCalled();
    draft.decide(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(centre.note.mock.calls).toEqual([['case', 'note', 'mine, longer', 'theirs']]);
  });
});

describe('consent', () => {
  test('everything that is missing is said at once; a refusal needs less', () => {
    const one = { ...asked('service', '', 'help'), items: [], months: 0, under14: true };
    expect(missing(one, true)).toEqual(['recipient', 'items', 'period', 'right', 'guardian']);
    expect(missing(one, false)).toEqual(['recipient']);
    expect(missing({ ...asked('centre', 'centre', 'help'), rightToRefuseTold: true }, true)).toEqual([]);
  });

  test('it holds whole months, and a refusal none', () => {
    expect(monthsLater(new Date('2027-08-31T03:00:00Z'), 6).toISOString()).toBe('2028-02-29T03:00:00.000Z');
    const one = asked('centre', ' centre ', 'help');
    expect(consent(one, true, new Date(NOW))).toMatchObject({ given: true, recipient_name: 'centre', until: '2027-09-02T03:00:00.000Z' });
    expect(consent(one, false, new Date(NOW)).until).toBeNull();
  });
});

test('a time that is chosen is Seoul time', () => {
  expect(Date.parse(instant('2027-03-02T12:00'))).toBe(NOW);
});

test('services of the district come first, and what has ended is not there', () => {
  const place = (name: string, district: string, status: Place['opening']['status'] = 'open'): Place => ({
    id: name, name, name_en: '', district, phone: '', areas: [], opening: { status },
  });
  const all = [place('far', 'mapo'), place('city', ''), place('near', 'jung'), place('gone', 'jung', 'ended')];
  expect(found(all, '', 'jung').map((one) => one.name)).toEqual(['near', 'city', 'far']);
  expect(found(all, 'FA', 'jung').map((one) => one.name)).toEqual(['far']);
});

test('a finished link leads nowhere, and a referral goes on where it stands', () => {
  expect(LINK_STEPS.accepted).toEqual([]);
  expect((['proposed', 'refused', 'consented', 'waiting', 'closed'] as const).map(nextStep)).toEqual(['ask', 'ask', 'send', 'see', 'see']);
});

test('what becomes of a caller who is put through is said as it is', () => {
  expect((['live', 'in_contact', 'waiting', 'claimed', 'withdrawn'] as const).map(putThrough)).toEqual([
    'cen_sent_live',
    'cen_live_taken',
    'cen_live_failed',
    'cen_live_failed',
    'cen_live_failed',
  ]);
});

test('words with commas between, each once', () => {
  expect(tags(' ko, en,ko ,,')).toEqual(['ko', 'en']);
});

test('the story has one line for what was done again and again', () => {
  const event = (kind: string, hours: number, by = 'anna'): Happened => ({ at: at(hours), kind, by, state: 'claimed' });
  const told = folded([event('note', 1), event('note', 2), event('link', 3), event('note', 4), event('note', 5, 'boram')]);
  expect(told.map((one) => [one.kind, one.times, one.by])).toEqual([['note', 1, 'boram'], ['note', 1, 'anna'], ['link', 1, 'anna'], ['note', 2, 'anna']]);
});

test('planned calls: the nearest first, what was behind them', () => {
  const call = (id: string, hours: number, more: Partial<PlannedCall> = {}): PlannedCall => ({
    id, due_at: at(hours), state: 'due', next_at: at(hours), attempts: 0, skip: null, companion: 'c', ...more,
  });
  const shown = sorted([call('b', 48), call('a', 1), call('past', -5, { state: 'talked', next_at: null }), call('again', -1, { state: 'missed', next_at: at(0.2) }), call('holiday', 30, { state: 'skipped', next_at: null })], NOW);
  expect(shown.coming.map((one) => one.id)).toEqual(['again', 'a', 'holiday', 'b']);
  expect(shown.past.map((one) => one.id)).toEqual(['past']);
});
