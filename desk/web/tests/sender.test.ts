import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Cell, Change, Edited } from '../src/lib/types';
import { Sender } from '../src/roster/sender.svelte';

const change = (day: string, before: string[], after: string[]): Change => ({ person: 'kim', day, before, after, pinned: false });
const FIRST = change('2026-03-01', [], ['D']);
const SECOND = change('2026-03-02', [], ['E']);

class Store {
  private readonly kept = new Map<string, string>();
  getItem = (key: string) => this.kept.get(key) ?? null;
  setItem = (key: string, value: string) => void this.kept.set(key, value);
  removeItem = (key: string) => void this.kept.delete(key);
}

class Host {
  readonly month = '2026-03';
  version = 1;
  told: string[] = [];
  confirmed(edited: Edited) {
    this.version = edited.version;
    this.told.push('confirmed');
  }
  corrected(version: number, _cells: Cell[]) {
    this.version = version;
    this.told.push('corrected');
  }
  refused() {
    this.told.push('refused');
  }
}

const ok = (version: number) => Response.json({ version, cells: [], violations: [], coverage: [], fairness: {} });
const problem = (status: number, code: string, more = {}) => Response.json({ code, message: { ko: code, en: code }, ...more }, { status });

let host: Host;
let sent: { base_version: number; changes: Change[] }[];

/** The server, which answers with these one after the other. An Error: it is not reached. */
function answers(...all: (Response | Error)[]) {
  sent = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    sent.push(JSON.parse(init.body as string));
    const answer = all.shift();
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error('unexpected request'));
  });
}

beforeEach(() => {
  vi.useRealTimers();
  vi.stubGlobal('sessionStorage', new Store());
  host = new Host();
});

const made = () => new Sender(host, 'edits');

test('edits are sent one by one, each on the version of the one before', async () => {
  answers(ok(2), ok(3));
  const sender = made();
  sender.add([FIRST]);
  sender.add([SECOND]);
  expect(sender.waiting.size).toBe(2);
  expect(await sender.flush()).toBe(true);
  expect(sent.map((one) => one.base_version)).toEqual([1, 2]);
  expect(sender.waiting.size).toBe(0);
});

test('a session that ends in the middle of an edit loses nothing, and the edit goes on after signing in', async () => {
  answers(problem(401, 'session_expired'), ok(2));
  const sender = made();
  sender.add([FIRST]);
  expect(await sender.flush()).toBe(false);
  expect([sender.state, sender.waiting.size]).toEqual(['signed_out', 1]);
  expect(await sender.flush()).toBe(true);
});

test('edits that wait outlive a reload of the page', async () => {
  answers(new Error('offline'));
  const before = made();
  before.add([FIRST]);
  await before.flush();
  before.stop();
  answers(ok(2));
  const after = made();
  expect(after.waiting.size).toBe(1);
  expect(await after.flush()).toBe(true);
  expect(made().waiting.size).toBe(0);
});

test('a server that is not reached is tried again by itself', async () => {
  vi.useFakeTimers();
  answers(new Error('offline'), problem(503, 'database_away'), ok(2));
  const sender = made();
  sender.add([FIRST]);
  await vi.advanceTimersByTimeAsync(0);
  expect(sender.state).toBe('away');
  await vi.advanceTimersByTimeAsync(5000);
  expect([sender.settled, sent.length]).toEqual([true, 3]);
});

test('an edit that will never be taken is taken back and said', async () => {
  answers(problem(422, 'invalid'));
  const sender = made();
  sender.add([FIRST]);
  await sender.flush();
  expect([sender.waiting.size, host.told]).toEqual([0, ['refused']]);
});

describe('edited meanwhile', () => {
  test('other cells: it is sent again on the new version', async () => {
    answers(problem(409, 'edited_meanwhile', { version: 7, cells: [] }), ok(8));
    const sender = made();
    sender.add([FIRST]);
    expect(await sender.flush()).toBe(true);
    expect(sent.map((one) => one.base_version)).toEqual([1, 7]);
  });

  test('an answer that was lost: the edit is there already and is not made twice', async () => {
    answers(problem(409, 'edited_meanwhile', { version: 2, cells: [{ person: 'kim', day: FIRST.day, codes: ['D'], by: 'me' }] }));
    const sender = made();
    sender.add([FIRST]);
    expect(await sender.flush()).toBe(true);
    expect(sent).toHaveLength(1);
  });

  test('the same cell: nothing is sent until somebody has decided', async () => {
    answers(problem(409, 'edited_meanwhile', { version: 2, cells: [{ person: 'kim', day: FIRST.day, codes: ['N'], by: 'Lee' }] }), ok(3));
    const sender = made();
    sender.add([FIRST]);
    expect(await sender.flush()).toBe(false);
    expect([sender.conflicts.length, sent.length]).toEqual([1, 1]);
    sender.decide(new Map([[`kim ${FIRST.day}`, 'mine' as const]]));
    expect(await sender.flush()).toBe(true);
    expect(sent[1]).toMatchObject({ base_version: 2, changes: [{ before: ['N'], after: ['D'] }] });
  });

  test('a server that refuses again and again is not asked without a pause', async () => {
    vi.useFakeTimers();
    const refuse = () => problem(409, 'edited_meanwhile', { version: 2, cells: [] });
    answers(refuse(), refuse(), ok(3));
    const sender = made();
    sender.add([FIRST]);
    await vi.advanceTimersByTimeAsync(100);
    expect([sender.state, sent.length]).toEqual(['away', 2]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sender.settled).toBe(true);
  });
});
