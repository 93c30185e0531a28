import { expect, test, vi } from 'vitest';

vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('document', { documentElement: {} });
const { hoursText, openingText, seenFrom } = await import('../src/directory/opening');

const NOW = new Date('2027-01-01T03:00:00Z');

test('the next opening is said as somebody in Seoul says it', () => {
  expect(seenFrom(NOW, '2027-01-01T09:00:00Z', 'ko')).toBe('오늘 18:00');
  expect(seenFrom(NOW, '2027-01-01T15:30:00Z', 'ko')).toBe('내일 00:30');
  expect(seenFrom(NOW, '2027-01-04T00:00:00Z', 'ko')).toBe('1월 4일 (월) 09:00');
});

test('open, closed and not known are told apart by words', () => {
  const opening = { until: null, next_at: null, where: '' };
  expect(openingText({ ...opening, status: 'open' }, NOW, 'ko')).toBe('지금 열림 · 항상');
  expect(openingText({ ...opening, status: 'closed', next_at: '2027-01-02T00:00:00Z' }, NOW, 'ko')).toBe('지금 닫힘 · 내일 09:00 엶');
  expect(openingText({ ...opening, status: 'closed' }, NOW, 'ko')).toBe('지금 닫힘 · 다음 여는 때를 알 수 없음');
  expect(openingText({ ...opening, status: 'unknown' }, NOW, 'ko')).toContain('먼저 전화하세요');
});

test('hours are written shorter, and days in English', () => {
  expect(hoursText('월,화,수,목,금 09:00-21:00; 토 09:00-18:00; 공휴일 휴무', 'ko')).toBe('월–금 09:00-21:00; 토 09:00-18:00; 공휴일 휴무');
  expect(hoursText('월,화,수,목,금,토,일,공휴일 00:00-24:00', 'ko')).toBe('매일 00:00-24:00');
  expect(hoursText('월,수 10:00-12:00 @ 광화문광장', 'en')).toBe('Mon,Wed 10:00-12:00 @ 광화문광장');
  expect(hoursText('월,화,수,목,금,토,일 09:00-18:00', 'en')).toBe('Mon–Sun 09:00-18:00');
  expect(hoursText('', 'ko')).toBe('');
});
