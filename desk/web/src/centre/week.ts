import type { Language } from '../lib/types';
import { weekdayName } from '../roster/logic/days';

/** Monday to Sunday. */
export const weekdays = (language: Language): string[] =>
  Array.from({ length: 7 }, (_, index) => weekdayName(language, `2024-01-0${index + 1}`));
