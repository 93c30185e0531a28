import type { Language } from './types';

type Sentence = Record<Language, string>;

/** Something that did not work, with a sentence for whoever reads it. `status` 0: the server was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly sentence: Sentence,
    /** What stands beside the code in the answer. */
    readonly more: Record<string, unknown> = {},
  ) {
    super(code);
  }

  /** The sentence, and what is wrong with single values. */
  text(language: Language): string {
    const fields = Array.isArray(this.more['fields']) ? (this.more['fields'] as { message?: Sentence }[]) : [];
    const details = fields.map((field) => field.message?.[language]).filter((text) => text !== undefined);
    return [this.sentence[language], ...new Set(details)].join(' ');
  }

  /** The session has ended, or there was none: signing in again mends it. */
  get signIn(): boolean {
    return this.code === 'session_expired' || this.code === 'sign_in_required';
  }

  /** Worth trying again as it is. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

export const unreached = (): Problem =>
  new Problem(0, 'unreached', { ko: '서버에 연결할 수 없습니다.', en: "The server can't be reached." });

/** The problem that an answer tells of. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // Not one of the desk's own answers: a proxy's page, for example.
  }
  const code = typeof body['code'] === 'string' ? body['code'] : `http_${response.status}`;
  const message = body['message'] as Sentence | undefined;
  const fallback = { ko: `요청이 실패했습니다 (${response.status}).`, en: `The request failed (${response.status}).` };
  return new Problem(response.status, code, message ?? fallback, body);
}
