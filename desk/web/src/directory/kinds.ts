import { isWord, t } from '../lib/words.svelte';

export const KINDS = ['mind_store', 'service', 'helpline'] as const;
export const AREAS = ['emergency', 'emotional', 'welfare', 'medical', 'housing', 'psychological'] as const;

const said = (word: string, otherwise: string): string => (isWord(word) ? t(word) : otherwise);
export const kindWord = (kind: string): string => said(`of_place_${kind}`, kind);
export const areaWord = (area: string): string => said(`of_area_${area}`, area);
