import type { Wish } from '../lib/types';

type Kind = Pick<Wish, 'code' | 'wanted'>;

/** As in the roster's cells: `+D` wants it, `−D` does not, `−` wants to be off. */
export const wishMark = (wish: Kind): string => `${wish.wanted ? '+' : '−'}${wish.code ?? ''}`;

export const sameWish = (one: Kind, other: Kind): boolean => one.wanted === other.wanted && one.code === other.code;
