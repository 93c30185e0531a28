import type { Word } from '../lib/words.svelte';
import { isWord, t } from '../lib/words.svelte';

/** What the log may say was done, in the order of the choice. A code that is not among them is shown as it is. */
export const ACTIONS = [
  'signed_in', 'signed_out', 'sign_in_refused', 'password_changed', 'second_factor_begun', 'second_factor_set_up', 'second_factor_removed',
  'user_added', 'user_changed', 'password_reset',
  'roster_read', 'roster_edited', 'roster_edit_undone', 'roster_edit_redone', 'roster_published', 'roster_exported', 'roster_file_read',
  'roster_imported', 'roster_search_begun', 'roster_search_ended', 'roster_search_accepted',
  'what_if_begun', 'what_if_ended', 'rule_changed', 'demand_changed', 'demand_forecast_taken', 'night_health_read', 'terms_read', 'terms_changed',
  'leaves_read', 'leave_asked', 'leave_approved', 'leave_refused', 'leave_withdrawn',
  'swaps_read', 'swap_asked', 'swap_agreed', 'swap_approved', 'swap_refused', 'swap_withdrawn',
  'wishes_read', 'wish_set', 'wish_withdrawn',
  'feed_made', 'feed_ended',
  'incident_raised', 'incident_read', 'incident_ordered', 'incident_described', 'incident_confirmed', 'incident_closed',
  'incident_words_read', 'incident_card_read', 'incident_facts_told', 'disclosed', 'disclosure_written', 'disclosures_read', 'ledger_read',
  'alarm_seen',
  'records_listed', 'record_made', 'contact_record_read', 'contact_record_opened', 'person_records_listed', 'record_read', 'record_written',
  'record_finalised', 'record_unmasked', 'record_versions_read', 'record_version_read', 'consent_recorded', 'consent_withdrawn', 'person_data_read',
  'person_looked_for', 'person_found', 'person_read', 'person_described', 'person_copied', 'person_erased', 'person_held', 'person_released',
  'deletions_read', 'records_deleted', 'contact_plan_read', 'plan_read', 'plan_written', 'plan_ended', 'checklist_results_read',
  'checklist_trends_read', 'checklist_result_read', 'checklist_saved', 'checklist_decided', 'report_made', 'report_read', 'report_own_read',
  'report_reporter_read', 'report_worklist_read', 'directory_changed', 'directory_file_read', 'directory_imported',
  'access_log_read',
] as const; // prettier-ignore

const inWords = (word: string, otherwise: string): string => (isWord(word) ? t(word satisfies Word) : otherwise);

/** What was done, in words where there are some. */
export const said = (action: string): string => inWords(`did_${action}`, action);

/** What kind of thing it was done to. */
export const kindOf = (kind: string): string => inWords(`about_${kind}`, kind);
