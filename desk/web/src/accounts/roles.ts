import type { Role } from '../lib/types';
import type { Word } from '../lib/words.svelte';

export const ROLES: readonly Role[] = ['counsellor', 'supervisor', 'centre', 'companion', 'auditor', 'operator'];

export const ROLE_WORDS: Readonly<Record<Role, Word>> = {
  counsellor: 'role_counsellor',
  supervisor: 'role_supervisor',
  centre: 'role_centre',
  companion: 'role_companion',
  auditor: 'role_auditor',
  operator: 'role_operator',
};

/** Whose accounts a role may make and change; the server decides, this only spares people buttons that it would refuse. */
export const managed = (role: Role | undefined): readonly Role[] =>
  role === 'operator' ? ROLES : role === 'supervisor' ? ROLES.filter((one) => one !== 'auditor' && one !== 'operator') : [];
