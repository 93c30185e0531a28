import { Deed as AnyDeed } from '../lib/deed.svelte';
import type { Problem } from '../lib/problem';
import { t, words } from '../lib/words.svelte';
import { momentOf } from '../roster/logic/days';
import type { Barrier } from './types';

/** Something that is done about a case: what is in the way of it is said, too. */
export class Deed extends AnyDeed {
  constructor() {
    super(explained);
  }
}

/** The sentence, and what the answer says beside it. */
function explained(problem: Problem): string {
  const { why, until, follow_ups, links } = problem.more;
  const said = problem.text(words.language);
  if (problem.code === 'not_callable' && typeof why === 'string') return `${said} ${barrier(why as Barrier, typeof until === 'string' ? until : null)}`;
  if (problem.code === 'work_left') return `${said} ${t('cen_work_left', { follow_ups: Number(follow_ups), links: Number(links) })}`;
  return said;
}

/** What is in the way of a call. */
export const barrier = (why: Barrier, until: string | null): string =>
  t(`cen_is_barrier_${why}`) + (until ? ` ${t('cen_call_from', { at: momentOf(words.language, until) })}` : '');
