import { type Wrong, wrongFields } from './fields';
import { Problem } from './problem';
import { words } from './words.svelte';

/** Something that is being done: whether it is under way, and what went wrong, to be shown where it was begun. */
export class Deed {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  readonly wrong: Wrong = $derived(this.problem ? wrongFields(this.problem) : {});
  readonly text = $derived.by(() => (this.problem ? this.explain(this.problem) : ''));

  constructor(private readonly explain = (problem: Problem): string => problem.text(words.language)) {}

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
