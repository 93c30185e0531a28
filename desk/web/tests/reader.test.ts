import { expect, test, vi } from 'vitest';
import type { AccessRow } from '../src/lib/types';

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('document', { documentElement: {} });
const { Reader } = await import('../src/audit/reader.svelte');

const ANY = { actor: '', action: '', day: '' };

/** A log of so many rows, the newest with the highest number. */
function log(count: number): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    const values = new URLSearchParams(path.split('?')[1]);
    asked.push(values);
    const rows: AccessRow[] = [];
    for (let number = Number(values.get('before') ?? count + 1) - 1; number >= 1 && rows.length < 100; number--) {
      rows.push({ number, at: '2027-01-03T00:00:00Z', actor: null, action: 'roster_read', about_kind: '', about: '', detail: {} });
    }
    return Promise.resolve(Response.json({ rows }));
  });
  return asked;
}

test('it is read page by page, and no further than it goes', async () => {
  const asked = log(150);
  const reader = new Reader();
  await reader.begin(ANY);
  expect([reader.rows.length, reader.ended, asked.length]).toEqual([100, false, 1]);
  await reader.more();
  expect([reader.rows.length, reader.ended, asked.length]).toEqual([150, true, 2]);
  expect(asked[1]?.get('before')).toBe('51');
});

test('the server picks person, action and day, on every page', async () => {
  const asked = log(150);
  const reader = new Reader();
  await reader.begin({ actor: 'kim', action: 'signed_in', day: '2027-01-01' });
  await reader.more();
  const wanted = { actor: 'kim', action: 'signed_in', from: '2027-01-01', to: '2027-01-01' };
  expect(asked.map((one) => Object.fromEntries(one))).toEqual([wanted, { ...wanted, before: '51' }]);
});

test('an answer to a filter that is not asked for any more is let be', async () => {
  const answers: ((rows: AccessRow[]) => void)[] = [];
  vi.stubGlobal('fetch', () => new Promise((done) => answers.push((rows) => done(Response.json({ rows })))));
  const reader = new Reader();
  const [first, second] = [reader.begin(ANY), reader.begin({ ...ANY, action: 'signed_in' })];
  answers[1]?.([]);
  answers[0]?.([{ number: 1, at: '', actor: null, action: 'roster_read', about_kind: '', about: '', detail: {} }]);
  await Promise.all([first, second]);
  expect([reader.rows.length, reader.ended, reader.busy]).toEqual([0, true, false]);
});
