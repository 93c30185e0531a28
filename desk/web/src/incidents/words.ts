import { isWord, t, words } from '../lib/words.svelte';
import type { Partner } from './types';

/** A code of the server's in words; one that has none is shown as it is. */
export function named(what: string, code: string): string {
  const word = `crisis_is_${what}_${code}`;
  return isWord(word) ? t(word) : code;
}

/** Who was given something: a partner, the centre, companions, or one of many services. */
export const recipient = (code: string): string => {
  const service = /^(service|link)-(.+)$/.exec(code)?.[2];
  return service ? `${named('recipient', 'service')} ${service.slice(-6)}` : named('recipient', code.replaceAll('-', '_'));
};

export const danger = (code: string | null): string => named('danger', code ?? 'unknown');
export const partnerName = (partner: Partner | undefined, id: string): string =>
  partner ? (words.language === 'ko' ? partner.name_ko : partner.name_en) : id;

export const DANGERS = ['suicide', 'violence', 'medical', 'fire', 'missing', 'other'] as const;
export const REASONS = ['caller_safe', 'in_other_hands', 'not_needed', 'false_alarm', 'duplicate', 'exercise', 'other'] as const;
/** The card's lines, in the order in which they are asked. */
export const FIELDS = [
  'place', 'district', 'number', 'name', 'what_happens', 'means', 'weapon', 'intoxication', 'alone', 'injuries', 'illness', 'language',
] as const; // prettier-ignore
/** Without consent, in an emergency, comes first. */
export const GROUNDS = ['pipa_18_2_3', 'pipa_17_1_2', 'pipa_18_2_2'] as const;
