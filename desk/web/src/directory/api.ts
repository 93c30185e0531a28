import { call, query, upload } from '../lib/api';
import type { District, Place, PlaceFields, PlacesPreview } from './types';

/** The addresses of the directory. Each throws `Problem`. */
export const directory = {
  find: (wanted: Record<string, string>) => call<{ places: Place[] }>('GET', `/api/directory${query(wanted)}`),
  districts: () => call<{ districts: District[] }>('GET', '/api/directory/districts'),
  place: (id: string) => call<Place>('GET', `/api/directory/places/${id}`),
  keep: (id: string, place: PlaceFields) => call<Place>('PUT', `/api/directory/places/${id}`, place),
  read: (file: File) => call<PlacesPreview>('POST', '/api/directory/import', upload(file)),
  apply: (token: string) => call<{ written: number }>('POST', `/api/directory/import/${token}/apply`),
};
