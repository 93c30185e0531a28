import { describe, expect, test } from 'vitest';
import page from '../index.html?raw';
import { en } from '../src/words/en';
import { ko } from '../src/words/ko';

const SOURCES = Object.entries(
  import.meta.glob<string>(['../src/**/*.svelte', '../src/**/*.ts'], { query: '?raw', import: 'default', eager: true }),
);

describe("the server's policy takes no inline code and nothing from elsewhere", () => {
  test('the page has no script and no style of its own', () => {
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    expect(page).not.toMatch(/https?:/);
  });

  test('no component writes a style attribute or markup of its own', () => {
    for (const [path, text] of SOURCES) expect(text, path).not.toMatch(/\sstyle=|\{@html|innerHTML|\beval\(/);
  });

  test('no source names another address', () => {
    for (const [path, text] of SOURCES) expect(text, path).not.toMatch(/https?:\/\//);
  });
});

describe('words', () => {
  test('both languages say the same values', () => {
    const values = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const key of Object.keys(ko) as (keyof typeof ko)[]) expect(values(en[key]), key).toEqual(values(ko[key]));
  });

  test('every word is used', () => {
    const all = SOURCES.filter(([path]) => !path.includes('/words/'))
      .map(([, text]) => text)
      .join('\n');
    const built = /^(solve_(is_)?|what_if_is_|state_|leave_|did_|crisis_is_|of_|per_(copy|hold|release|erase)|cen_(is|need_to|link_to|urgency_what|next)_|cmp_is_|about_)/;
    const unused = Object.keys(ko).filter((key) => !built.test(key) && !all.includes(`'${key}'`));
    expect(unused).toEqual([]);
  });
});
