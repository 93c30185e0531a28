import { expect, test, vi } from 'vitest';

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('document', { documentElement: {} });
vi.stubGlobal('location', { pathname: '/' });
vi.stubGlobal('addEventListener', () => undefined);
const { ROOMS, openTo } = await import('../src/shell/rooms');

const paths = (permissions: string[], rostered: boolean) => openTo((one) => permissions.includes(one), rostered).map((room) => room.path);

test('a supervisor begins with the roster, a counsellor with the own shifts', () => {
  expect(paths(['own', 'shift.own', 'roster.read', 'roster.draft', 'leave.decide', 'user.read'], false)).toEqual(['/roster', '/inbox', '/accounts', '/account']);
  expect(paths(['own', 'shift.own', 'roster.read'], true)).toEqual(['/mine', '/roster', '/account']);
});

test('nothing is open to somebody without permissions', () => {
  expect(paths([], true)).toEqual([]);
});

test('the rooms of one path are one page', () => {
  for (const room of ROOMS) for (const other of ROOMS) if (room.path === other.path) expect(other.page).toBe(room.page);
});
