import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from '../src/lib/problem';
import { wrongFields } from '../src/lib/fields';
import { Editor } from '../src/records/editor.svelte';
import { answerOf, asked, nextOpen, unanswered } from '../src/records/logic/checklist';
import { keptAs, restored } from '../src/records/logic/kept';
import { differing, merge, resolved, sendable, settled } from '../src/records/logic/merge';
import { blank, toSend } from '../src/records/logic/report';
import type { Checklist, Content, Entry } from '../src/records/types';

const CONTENT: Content = {
  kinds: ['loneliness'], non_counselling: null, caller: 'self', subject: null, district: null, age_band: null, skills: [],
  feeling_before: 2, feeling_after: null, about: '', text: 'a', sensitive: '', companion_note: '', reason: '',
}; // prettier-ignore
const but = (more: Partial<Content>): Content => ({ ...CONTENT, ...more });

describe('what two people wrote', () => {
  test('changes to different fields are put together', () => {
    const { merged, conflicts } = merge(CONTENT, but({ text: 'mine' }), but({ district: 'mapo', skills: ['listening'] }));
    expect(conflicts).toEqual([]);
    expect(merged).toEqual(but({ text: 'mine', district: 'mapo', skills: ['listening'] }));
  });

  test('the same field is a conflict, and stays as it was typed until somebody chose', () => {
    const { merged, conflicts } = merge(CONTENT, but({ text: 'mine', feeling_after: 5 }), but({ text: 'theirs', feeling_after: 5 }));
    expect(merged.text).toBe('mine');
    expect(conflicts).toEqual([{ field: 'text', mine: 'mine', theirs: 'theirs' }]);
    expect(resolved(merged, conflicts, new Map([['text', 'theirs']])).text).toBe('theirs');
    expect(resolved(merged, conflicts, new Map([['text', 'mine']])).text).toBe('mine');
    expect(resolved(merged, conflicts, new Map([['text', 'both']])).text).toBe('theirs\n\nmine');
  });

  test('the order of a list is no difference', () => {
    expect(differing(but({ kinds: ['loneliness', 'emergency'] }), but({ kinds: ['emergency', 'loneliness'] }))).toEqual([]);
  });

  test('a reason alone is no change', () => expect(differing(CONTENT, but({ reason: 'typo' }))).toEqual([]));
});

test('what was refused is not sent, and everything else is', () => {
  const sent = sendable(but({ text: 'b', sensitive: 'health' }), CONTENT, new Set(['sensitive']));
  expect([sent.text, sent.sensitive]).toEqual(['b', '']);
});

test('after an answer, what was typed on stays and what was scrubbed is shown', () => {
  const sent = but({ text: '900101-1234567', about: 'x' });
  const now = settled(but({ text: '900101-1234567', about: 'xy' }), sent, but({ text: '[gone]', about: 'x' }));
  expect([now.text, now.about]).toEqual(['[gone]', 'xy']);
});

test('what is wrong is told beside its field, however the server named it', () => {
  const sentence = { ko: '가', en: 'a' };
  const problem = new Problem(422, 'invalid', sentence, { fields: [{ field: 'body.skills.3', message: sentence }, { field: 'text', message: sentence }] });
  expect(Object.keys(wrongFields(problem)).sort()).toEqual(['skills', 'skills.3', 'text']);
  expect(wrongFields(new Problem(409, 'x', sentence))).toEqual({});
});

test('what the browser kept and can not be read is nothing', () => {
  expect([restored(null), restored('{'), restored('{"version":1,"base":{},"content":{}}')]).toEqual([null, null, null]);
});

describe('a checklist', () => {
  const said = { ko: '', en: '' };
  const item = (id: string, section: string) => ({ id, section, text: said, choices: [0, 1].map((value) => ({ value, text: said })) });
  const LIST = {
    sections: [{ id: 'A', title: said, conditional: false }, { id: 'C', title: said, conditional: true }],
    forms: [{ id: 'full', title: said, sections: ['A', 'C'] }, { id: 'public', title: said, sections: ['A'] }],
    items: [item('A1', 'A'), item('A2', 'A'), item('C1', 'C'), item('C2', 'C')],
  } as unknown as Checklist;
  const ids = (form: string, answers: Record<string, number>, missing: string[]) => asked(LIST, form, answers, missing).map((one) => one.id);

  test('a section that depends on answers appears when it is asked for and stays while it is answered', () => {
    expect(ids('full', {}, ['A1', 'A2'])).toEqual(['A1', 'A2']);
    expect(ids('full', { A1: 1, A2: 1 }, ['C1', 'C2'])).toEqual(['A1', 'A2', 'C1', 'C2']);
    expect(ids('full', { A1: 0, C1: 1 }, ['A2'])).toEqual(['A1', 'A2', 'C1', 'C2']);
    expect(ids('public', { C1: 1 }, [])).toEqual(['A1', 'A2']);
  });

  test('a digit is the answer of that number, and no other key is', () => {
    const [first] = LIST.items;
    expect(['0', '1', '2', 'a', 'Enter'].map((key) => answerOf(first!, key))).toEqual([0, 1, null, null, null]);
  });

  test('after an answer comes the next open item, then the first one that was left out', () => {
    const items = asked(LIST, 'public', {}, []);
    expect(nextOpen(items, { A1: 1 }, 'A1')).toBe('A2');
    expect(nextOpen(items, { A2: 1 }, 'A2')).toBe('A1');
    expect(nextOpen(items, { A1: 1, A2: 0 }, 'A2')).toBeNull();
    expect(unanswered(items, { A2: 0 }).map((one) => one.id)).toEqual(['A1']);
  });
});

test('a reporter who would not say is sent as nobody, and a consent only where something is to be told', () => {
  const typed = blank();
  typed.reporter.consent_script = 'f-1';
  expect(toSend(typed, null).reporter?.consent_script).toBe('');
  expect(toSend({ ...typed, said: false }, 'contact').reporter).toBeNull();
});

describe('the editor', () => {
  const ENTRY = { id: 'r', version: 1, state: 'draft', mine: true, content: CONTENT, consents: [], hidden: [] } as unknown as Entry;
  const kept = new Map<string, string>();
  let sent: { version: number; text: string; sensitive: string }[] = [];

  function answers(...all: (object | Error)[]) {
    sent = [];
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      if (init.method !== 'GET') sent.push(JSON.parse(init.body as string));
      const answer = all.shift();
      if (answer instanceof Error || !answer) return Promise.reject(answer ?? new Error('unexpected request'));
      const status = (answer as { status?: number }).status ?? 200;
      return Promise.resolve(Response.json(answer, { status }));
    });
  }

  const problem = (status: number, code: string, more = {}) => ({ status, code, message: { ko: code, en: code }, ...more });
  const entry = (version: number, content: Content, more = {}) => ({ ...ENTRY, version, content, ...more });
  const saved = (version: number, content: Content, removed = {}) => ({ record: entry(version, content), removed });

  beforeEach(() => {
    kept.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
  });

  function made(text: string) {
    const editor = new Editor(ENTRY, 'me');
    editor.content.text = text;
    editor.touched('text');
    return editor;
  }

  test('stores what is typed, shows what was taken out, and forgets what the browser kept', async () => {
    answers(saved(2, but({ text: '[gone]' }), { text: 1 }));
    const editor = made('900101-1234567');
    expect(kept.has(keptAs('me', 'r'))).toBe(true);
    expect(await editor.flush()).toBe(true);
    expect([editor.content.text, editor.removed, kept.size]).toEqual(['[gone]', { text: 1 }, 0]);
  });

  test('puts together what somebody else wrote elsewhere, and sends it on the newer version', async () => {
    answers(problem(409, 'written_meanwhile', { version: 2 }), entry(2, but({ district: 'mapo' })), saved(3, but({ text: 'mine', district: 'mapo' })));
    const editor = made('mine');
    expect(await editor.flush()).toBe(true);
    expect(sent.map((one) => one.version)).toEqual([1, 2]);
    expect(sent[1]).toMatchObject({ text: 'mine', district: 'mapo' });
  });

  test('shows both where both wrote into one field, and sends nothing before somebody chose', async () => {
    answers(problem(409, 'written_meanwhile', { version: 2 }), entry(2, but({ text: 'theirs' })), saved(3, but({ text: 'theirs\n\nmine' })));
    const editor = made('mine');
    expect(await editor.flush()).toBe(false);
    expect([editor.conflicts.length, editor.content.text, sent.length]).toEqual([1, 'mine', 1]);
    expect(JSON.parse(kept.get(keptAs('me', 'r')) ?? '').content.text).toBe('mine');
    editor.decide(new Map([['text', 'both' as const]]));
    expect(await editor.flush()).toBe(true);
    expect(sent[1]).toMatchObject({ version: 2, text: 'theirs\n\nmine' });
  });

  test('keeps what is refused beside its field and stores the rest', async () => {
    const fields = [{ field: 'sensitive', message: { ko: '동의', en: 'consent' } }];
    answers(problem(422, 'consent_missing', { fields }), saved(2, but({ text: 'b' })));
    const editor = made('b');
    editor.content.sensitive = 'health';
    editor.touched('sensitive');
    expect(await editor.flush()).toBe(false);
    expect(sent.map((one) => [one.text, one.sensitive])).toEqual([['b', 'health'], ['b', '']]);
    expect([editor.content.sensitive, editor.changed, Object.keys(editor.wrong)]).toEqual(['health', ['sensitive'], ['sensitive']]);
  });

  test('loses nothing when the session ends, and a page that comes back has it', async () => {
    answers(problem(401, 'session_expired'));
    const editor = made('typed');
    expect(await editor.flush()).toBe(false);
    expect([editor.state, editor.content.text]).toEqual(['signed_out', 'typed']);
    answers(saved(2, but({ text: 'typed' })));
    const again = new Editor(ENTRY, 'me');
    expect(again.content.text).toBe('typed');
    expect(await again.flush()).toBe(true);
    expect(new Editor(entry(2, but({ text: 'typed' })) as Entry, 'somebody else').changed).toEqual([]);
  });
});
