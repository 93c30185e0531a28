import type { Component } from 'svelte';
import AccountsPage from '../accounts/AccountsPage.svelte';
import AccessLogPage from '../audit/AccessLogPage.svelte';
import Inbox from '../inbox/Inbox.svelte';
import type { Word } from '../lib/words.svelte';
import Mine from '../mine/Mine.svelte';
import RosterRoom from '../roster/RosterRoom.svelte';
import AccountPage from './AccountPage.svelte';

/** What somebody can go to. What stands after the path in the address is the room's own. */
export interface Room {
  path: string;
  word: Word;
  permission: string;
  /** For people of the roster only. */
  rostered?: true;
  page: Component;
}

/** In the order of the navigation; the first that is open is where somebody begins. A path may stand here twice: the first open line counts. */
export const ROOMS: readonly Room[] = [
  { path: '/roster', word: 'roster', permission: 'roster.draft', page: RosterRoom },
  { path: '/inbox', word: 'inbox', permission: 'leave.decide', page: Inbox },
  { path: '/mine', word: 'my_shifts', permission: 'shift.own', rostered: true, page: Mine },
  { path: '/roster', word: 'roster', permission: 'roster.read', page: RosterRoom },
  { path: '/accounts', word: 'accounts', permission: 'user.read', page: AccountsPage },
  { path: '/access-log', word: 'access_log', permission: 'audit.read', page: AccessLogPage },
  { path: '/account', word: 'account', permission: 'own', page: AccountPage },
];

/** The rooms that are open to somebody, each once. */
export function openTo(may: (permission: string) => boolean, rostered: boolean, rooms: readonly Room[] = ROOMS): Room[] {
  const open = rooms.filter((room) => may(room.permission) && (rostered || !room.rostered));
  return open.filter((room, index) => open.findIndex((one) => one.path === room.path) === index);
}
