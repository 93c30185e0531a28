import type { Terms } from '../lib/types';
import type { Word } from '../lib/words.svelte';

/** What can be said of night work, in the order of the choice. */
export const NIGHT_WORK: [Terms['night_work'], Word][] = [
  ['allowed', 'night_allowed'],
  ['no_consent', 'night_no_consent'],
  ['barred', 'night_barred'],
];

/** Why it is barred. */
export const PROTECTIONS: [NonNullable<Terms['protection']>, Word][] = [
  ['pregnant', 'protection_pregnant'],
  ['postpartum', 'protection_postpartum'],
  ['minor', 'protection_minor'],
  ['doctor', 'protection_doctor'],
];
