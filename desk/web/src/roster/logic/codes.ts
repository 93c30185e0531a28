/** The shifts of a cell as text: `D`, `D/SV`, or nothing. */

const SEPARATOR = /[\s/+,]+/;
const NOTHING = new Set(['', '-', '·', 'OFF', '휴', '휴무', '비번']);

export const cellText = (codes: readonly string[]): string => codes.join('/');

/** The codes that a text means; null: there is something in it that is no shift. Names of shifts are taken, too. */
export function parseCell(text: string, known: readonly { code: string; name: string; name_en: string }[]): string[] | null {
  const trimmed = text.trim();
  if (NOTHING.has(trimmed.toUpperCase())) return [];
  const found: string[] = [];
  for (const word of trimmed.split(SEPARATOR).filter(Boolean)) {
    const plain = word.toLowerCase();
    const type = known.find((one) => [one.code, one.name, one.name_en].some((name) => name.toLowerCase() === plain));
    if (!type) return null;
    if (!found.includes(type.code)) found.push(type.code);
  }
  return found;
}

export const sameCodes = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((code) => other.includes(code));

/** With that code added, or taken away when it is there. */
export const toggled = (codes: readonly string[], code: string): string[] =>
  codes.includes(code) ? codes.filter((one) => one !== code) : [...codes, code];
