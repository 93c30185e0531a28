/** What somebody chose by the clock in Seoul, wherever the browser is. Pure. */

/** `2027-03-02T14:00` as an instant. */
export const instant = (local: string): string => `${local.length === 16 ? `${local}:00` : local}+09:00`;
