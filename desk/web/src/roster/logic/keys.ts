/** Which shift a typed letter means. A Korean input state gives ㅇ where D was struck: shifts are found all the same. */

/** The letters of the Korean two-set keyboard, by what stands on the same key. */
const JAMO: Record<string, string> = {
  ㅂ: 'Q', ㅃ: 'Q', ㅈ: 'W', ㅉ: 'W', ㄷ: 'E', ㄸ: 'E', ㄱ: 'R', ㄲ: 'R', ㅅ: 'T', ㅆ: 'T', ㅛ: 'Y', ㅕ: 'U', ㅑ: 'I', ㅐ: 'O', ㅒ: 'O', ㅔ: 'P', ㅖ: 'P',
  ㅁ: 'A', ㄴ: 'S', ㅇ: 'D', ㄹ: 'F', ㅎ: 'G', ㅗ: 'H', ㅓ: 'J', ㅏ: 'K', ㅣ: 'L',
  ㅋ: 'Z', ㅌ: 'X', ㅊ: 'C', ㅍ: 'V', ㅠ: 'B', ㅜ: 'N', ㅡ: 'M',
}; // prettier-ignore

/** The Latin letter or digit of a key event, upper case; null for any other key. */
export function letterOf(event: { key: string; code: string }): string | null {
  if (/^[a-zA-Z0-9]$/.test(event.key)) return event.key.toUpperCase();
  const jamo = JAMO[event.key];
  if (jamo) return jamo;
  // An input method that holds the key back names it `Process`; what was struck is in the code.
  const struck = /^(?:Key([A-Z])|Digit([0-9])|Numpad([0-9]))$/.exec(event.code);
  const foreign = event.key === 'Process' || event.key === 'Unidentified' || (event.key.length === 1 && event.key.charCodeAt(0) > 127);
  return struck && foreign ? (struck[1] ?? struck[2] ?? struck[3] ?? null) : null;
}

export type Typed =
  | { kind: 'code'; code: string }
  /** More letters are needed: `SB` and `SV` begin alike. */
  | { kind: 'more'; letters: string }
  | { kind: 'none' };

/** What letters typed one after the other mean. A letter that does not go on with the ones before it begins anew. */
export function typed(before: string, letter: string, codes: readonly string[]): Typed {
  for (const letters of before ? [before + letter, letter] : [letter]) {
    const begins = codes.filter((code) => code.toUpperCase().startsWith(letters));
    const exact = begins.find((code) => code.toUpperCase() === letters);
    if (exact && begins.length === 1) return { kind: 'code', code: exact };
    if (begins.length > 0) return { kind: 'more', letters };
  }
  return { kind: 'none' };
}

/** What was typed so far, taken as it stands, when no more letters come. */
export const settled = (letters: string, codes: readonly string[]): string | null =>
  codes.find((code) => code.toUpperCase() === letters) ?? null;
