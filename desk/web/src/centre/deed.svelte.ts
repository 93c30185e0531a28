import { type Wrong, wrongFields } from '../lib/fields';
import { Problem } from '../lib/problem';
import { t, words } from '../lib/words.svelte';
import { momentOf } from '../roster/logic/days';
import type { Barrier } from './types';

/** Something that is being done: whether it is under way, and what went wrong, to be shown where it was begun. */
export class Deed {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  readonly wrong: Wrong = $derived(this.problem ? wrongFields(this.problem) : {});
  readonly text = $derived(this.problem ? explained(this.problem) : '');

  /** True: it was done. One at a time; a second one meanwhile is not begun. */
  async run(what: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await what();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** What is wrong with a value, in the language of the pages. */
  at(field: string): string {
    return this.wrong[field]?.[words.language] ?? '';
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
