import { notices } from '../lib/notices.svelte';
import { words } from '../lib/words.svelte';
import { centre } from './api';
import type { District } from './types';

/** The districts of Seoul, asked for once. */
class Districts {
  all = $state.raw<District[]>([]);
  private asked = false;

  async look(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    try {
      this.all = (await centre.districts()).districts;
    } catch (error) {
      this.asked = false;
      notices.failed(error);
    }
  }

  /** What is not one of them is said as it was written. */
  name(code: string): string {
    return this.all.find((one) => one.code === code)?.[words.language] ?? code;
  }
}

export const districts = new Districts();
