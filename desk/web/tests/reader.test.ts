import { expect, test, vi } from 'vitest';
import type { AccessRow } from '../src/lib/types';

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('document', { documentElement: {} });
const { Reader } = await import('../src/audit/reader.svelte');

const ANY = { actor: '', action: '', day: '' };

/** A log of so many rows, the newest with the highest number: one a minute up to midnight of the 2nd in Seoul; every tenth a sign-in. */
function log(count: number): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const before = Number(new URLSearchParams(path.split('?')[1]).get('before') ?? count + 1);
    const rows: AccessRow[] = [];
    for (let number = before - 1; number >= 1 && rows.length < 100; number--) {
      const at = new Date(Date.parse('2027-01-03T00:00:00+09:00') - (count + 1 - number) * 60_000).toISOString();
      rows.push({ number, at, actor: null, action: number % 10 === 0 ? 'signed_in' : 'roster_read', about_kind: '', about: '', detail: {} });
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
  expect(asked[1]).toContain('before=51');
});

test('a rare action is looked for until there is enough to show', async () => {
  const asked = log(2000);
  const reader = new Reader();
  await reader.begin({ ...ANY, action: 'signed_in' });
  expect([reader.rows.length, reader.ended, asked.length]).toEqual([50, false, 5]);
  expect(new Set(reader.rows.map((row) => row.action))).toEqual(new Set(['signed_in']));
});

test('what is not there is given up after some pages, and can be gone on with', async () => {
  const asked = log(1500);
  const reader = new Reader();
  await reader.begin({ ...ANY, action: 'roster_published' });
  expect([reader.rows.length, reader.ended, asked.length]).toEqual([0, false, 10]);
  await reader.more();
  expect([reader.ended, asked.length]).toEqual([true, 16]);
});

test('a day is looked for as far back as it goes', async () => {
  const asked = log(3000);
  const reader = new Reader();
  await reader.begin({ ...ANY, day: '2027-01-01' });
  // 1440 rows of the 2nd lie before it: ten pages do not reach the whole of it.
  while (!reader.ended) await reader.more();
  expect(reader.rows.length).toBe(1440);
  expect(asked.length).toBeLessThan(31);
});
