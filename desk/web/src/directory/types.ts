/** What the API of the directory reads and answers. */

import type { Day } from '../lib/types';

export interface Opening {
  status: 'open' | 'closed' | 'unknown' | 'planned' | 'ended';
  /** Open until then; null: always. */
  until: string | null;
  /** Opens then; null: not in the next weeks. */
  next_at: string | null;
  where: string;
}

/** What is kept of an entry. `hours` as they are written in a file; '' not known. `district` '' the whole city. */
export interface PlaceFields {
  key: string;
  kind: string;
  name: string;
  name_en: string;
  run_by: string;
  district: string;
  address: string;
  phone: string;
  url: string;
  areas: string[];
  hours: string;
  planned: boolean;
  mobile: boolean;
  valid_from: Day | null;
  valid_to: Day | null;
  note: string;
  source: string;
  source_date: Day;
  version: number;
}

export interface Place extends PlaceFields {
  id: string;
  opening: Opening;
}

export interface District {
  code: string;
  ko: string;
  en: string;
}

export interface PlacesPreview {
  token: string;
  changes: { key: string; name: string; new: boolean; fields: string[] }[];
  same: number;
  problems: { cell: string; text: string; level: 'error' | 'warning' }[];
}
