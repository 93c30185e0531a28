import type { Component } from 'svelte';
import AccountsPage from '../accounts/AccountsPage.svelte';
import AccessLogPage from '../audit/AccessLogPage.svelte';
import CentreRoom from '../centre/CentreRoom.svelte';
import ReferralsRoom from '../centre/ReferralsRoom.svelte';
import CompanionsRoom from '../companions/CompanionsRoom.svelte';
import MyPeople from '../companions/MyPeople.svelte';
import DirectoryRoom from '../directory/DirectoryRoom.svelte';
import Inbox from '../inbox/Inbox.svelte';
import AlarmsPage from '../incidents/AlarmsPage.svelte';
import IncidentsPage from '../incidents/IncidentsPage.svelte';
import LedgerPage from '../incidents/LedgerPage.svelte';
import type { Word } from '../lib/words.svelte';
import Mine from '../mine/Mine.svelte';
import RecordsRoom from '../records/RecordsRoom.svelte';
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
  { path: '/incidents', word: 'crisis', permission: 'incident.all', page: IncidentsPage },
  { path: '/inbox', word: 'inbox', permission: 'leave.decide', page: Inbox },
  { path: '/mine', word: 'my_shifts', permission: 'shift.own', rostered: true, page: Mine },
  { path: '/incidents', word: 'crisis', permission: 'incident.read', page: IncidentsPage },
  { path: '/centre', word: 'centre', permission: 'case.read', page: CentreRoom },
  { path: '/my-people', word: 'my_people', permission: 'support.own', page: MyPeople },
  { path: '/companions', word: 'companions', permission: 'companion.manage', page: CompanionsRoom },
  { path: '/referrals', word: 'referrals', permission: 'referral.make', page: ReferralsRoom },
  { path: '/records', word: 'records', permission: 'record.read', page: RecordsRoom },
  { path: '/directory', word: 'directory', permission: 'directory.read', page: DirectoryRoom },
  { path: '/roster', word: 'roster', permission: 'roster.read', page: RosterRoom },
  { path: '/accounts', word: 'accounts', permission: 'user.read', page: AccountsPage },
  { path: '/alarms', word: 'alarms', permission: 'alarm.read', page: AlarmsPage },
  { path: '/ledger', word: 'ledger', permission: 'ledger.read', page: LedgerPage },
  { path: '/access-log', word: 'access_log', permission: 'audit.read', page: AccessLogPage },
  { path: '/account', word: 'account', permission: 'own', page: AccountPage },
];

/** The rooms that are open to somebody, each once. */
export function openTo(may: (permission: string) => boolean, rostered: boolean, rooms: readonly Room[] = ROOMS): Room[] {
  const open = rooms.filter((room) => may(room.permission) && (rostered || !room.rostered));
  return open.filter((room, index) => open.findIndex((one) => one.path === room.path) === index);
}
