import { beforeEach, expect, test, vi } from 'vitest';
import type { Change, Roster } from '../src/lib/types';

const kept = new Map<string, string>();
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('sessionStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
});
vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('addEventListener', () => undefined);
const { Board } = await import('../src/roster/board.svelte');

const change = (day: string): Change => ({ person: 'kim', day, before: [], after: ['D'], pinned: false });

/** A month as the server answers it; `published` null: nobody works by it yet. */
const roster = (published: number | null): Roster => ({
  id: null, period: { first: '2027-01-01', last: '2027-01-31' }, version: 3, published_version: published, people: [], shift_types: [], cells: [], before: [],
  leaves: [], wishes: [], holidays: {}, violations: [], coverage: [], fairness: {}, editors: [], can: [],
}); // prettier-ignore

let sent: { reason?: string; changes: Change[] }[];

beforeEach(() => {
  kept.clear();
  sent = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    sent.push(JSON.parse(init.body as string));
    return Promise.resolve(Response.json({ version: 3 + sent.length, cells: [], violations: [], coverage: [], fairness: {} }));
  });
});

function board(published: number | null) {
  const made = new Board('2027-01');
  made.roster = roster(published);
  made.version = 3;
  return made;
}

test('a roster that nobody works by yet is edited without a reason', async () => {
  const one = board(null);
  one.put([change('2027-01-04')]);
  await one.sender.flush();
  expect(one.asking).toBeNull();
  expect(sent).toEqual([{ base_version: 3, changes: [change('2027-01-04')] }]);
});

test('the first edit of a roster in force waits for a reason; the next ones go with it', async () => {
  const one = board(2);
  one.put([change('2027-01-04')]);
  expect([one.asking?.length, sent.length]).toEqual([1, 0]);
  expect(one.look('kim', '2027-01-04').codes).toEqual([]);
  one.because('  a fair ');
  expect(one.look('kim', '2027-01-04').codes).toEqual(['D']);
  one.put([change('2027-01-05')]);
  await one.sender.flush();
  one.because('flu');
  one.put([change('2027-01-06')]);
  await one.sender.flush();
  expect(sent.map((edit) => edit.reason)).toEqual(['a fair', 'a fair', 'flu']);
});

test('what nobody gives a reason for is not changed, and the next edit asks again', () => {
  const one = board(2);
  one.put([change('2027-01-04')]);
  one.asking = null;
  one.put([change('2027-01-05')]);
  expect(one.asking).toEqual([change('2027-01-05')]);
  expect(sent).toEqual([]);
});

test('what came into force while it was typed is not lost: the reason is asked for, and it is sent with it', async () => {
  const answers = [Response.json({ code: 'reason_needed', message: { ko: '', en: '' } }, { status: 422 })];
  const usual = fetch;
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => (init.method === 'POST' && answers.shift()) || usual(path, init));
  const one = board(null);
  one.put([change('2027-01-04')]);
  one.put([{ ...change('2027-01-04'), before: ['D'], after: ['E'] }]);
  await one.sender.flush();
  one.roster = roster(4);
  const both = { ...change('2027-01-04'), after: ['E'] };
  expect([one.asking, sent]).toEqual([[both], []]);
  one.because('flu');
  await one.sender.flush();
  expect(sent).toEqual([{ base_version: 3, reason: 'flu', changes: [both] }]);
});

test('an edit that waits keeps its reason over a reload', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('offline')));
  const before = board(2);
  before.because('flu');
  before.put([change('2027-01-04')]);
  await before.sender.flush();
  before.sender.stop();
  expect(new Board('2027-01').sender.batches[0]).toMatchObject({ reason: 'flu' });
});

test('undoing in a roster in force waits for a reason, and goes with it', async () => {
  const one = board(2);
  one.takeBack('undo');
  expect([one.asking, sent.length]).toEqual([[], 0]);
  one.drop();
  one.put([change('2027-01-04')]);
  one.because('a fair');
  await vi.waitFor(() => expect(sent.length).toBe(1));
  one.takeBack('undo');
  await vi.waitFor(() => expect(sent.length).toBe(2));
  expect(sent).toEqual([
    { base_version: 3, changes: [change('2027-01-04')], reason: 'a fair' },
    { base_version: 4, reason: 'a fair' },
  ]);
});

test('a change of the whole roster is done as soon as the reason is given, and once', () => {
  const one = board(2);
  const deed = vi.fn();
  one.reasoned(deed);
  expect(deed).not.toHaveBeenCalled();
  one.because('flu');
  one.because('flu again');
  expect(deed).toHaveBeenCalledTimes(1);
  expect(one.base).toEqual({ base_version: 3, reason: 'flu again' });
});
