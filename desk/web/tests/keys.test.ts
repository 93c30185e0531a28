import { describe, expect, test } from 'vitest';
import { letterOf, settled, typed } from '../src/roster/logic/keys';

const CODES = ['D', 'E', 'N', 'SB', 'SV'];

describe('letters', () => {
  test('Latin letters are taken in either case', () => {
    expect(letterOf({ key: 'd', code: 'KeyD' })).toBe('D');
    expect(letterOf({ key: 'D', code: 'KeyD' })).toBe('D');
  });

  test('Korean letters mean what stands on the same key', () => {
    expect([...'ㅇㄷㅜㄴㅠㅍ'].map((key) => letterOf({ key, code: '' }))).toEqual(['D', 'E', 'N', 'S', 'B', 'V']);
    expect(letterOf({ key: 'ㄸ', code: 'KeyE' })).toBe('E');
  });

  test('an input method that holds the key back is seen through', () => {
    expect(letterOf({ key: 'Process', code: 'KeyN' })).toBe('N');
    expect(letterOf({ key: 'Unidentified', code: 'Digit2' })).toBe('2');
  });

  test('another layout counts as what it writes, not as where the key is', () => {
    expect(letterOf({ key: 'e', code: 'KeyD' })).toBe('E');
  });

  test('keys that write nothing are no letters', () => {
    for (const key of ['Enter', 'F2', 'Tab', ' ', 'Shift', '/']) expect(letterOf({ key, code: key })).toBeNull();
  });
});

describe('shifts', () => {
  test('one letter is enough where no other shift begins with it', () => {
    expect(typed('', 'D', CODES)).toEqual({ kind: 'code', code: 'D' });
  });

  test('shifts of two letters wait for the second', () => {
    expect(typed('', 'S', CODES)).toEqual({ kind: 'more', letters: 'S' });
    expect(typed('S', 'V', CODES)).toEqual({ kind: 'code', code: 'SV' });
  });

  test('a letter that does not go on begins anew', () => {
    expect(typed('S', 'N', CODES)).toEqual({ kind: 'code', code: 'N' });
    expect(typed('S', 'X', CODES)).toEqual({ kind: 'none' });
  });

  test('a shift that is the beginning of another is taken when no more letters come', () => {
    expect(typed('', 'D', ['D', 'D1'])).toEqual({ kind: 'more', letters: 'D' });
    expect(settled('D', ['D', 'D1'])).toBe('D');
    expect(settled('S', CODES)).toBeNull();
  });
});
