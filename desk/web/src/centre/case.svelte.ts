import { sentence } from '../lib/notices.svelte';
import { centre } from './api';
import type { Case, StaffList } from './types';

/** The case that is open. What is done to it is done on the server, and the case looked at again. */
export class OpenCase {
  value = $state.raw<Case | null>(null);
  staff = $state.raw<StaffList | null>(null);
  failure = $state('');

  constructor(readonly id: string) {}

  /** As it is on the server. */
  async look(): Promise<void> {
    try {
      this.value = await centre.case(this.id);
      this.failure = '';
    } catch (error) {
      this.failure = sentence(error);
    }
  }

  async lookAtStaff(): Promise<void> {
    try {
      this.staff = await centre.staff();
    } catch (error) {
      this.failure = sentence(error);
    }
  }

  nameOf(staff: string): string {
    return this.staff?.staff.find((one) => one.id === staff)?.name ?? '';
  }
}
