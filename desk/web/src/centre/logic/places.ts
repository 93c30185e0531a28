/** Entries of the directory that may be meant. Pure. */

import type { Place } from '../types';

/** Those of the person's district first, then those for the whole city; what has ended is not there. */
export function found(places: readonly Place[], wanted: string, district: string): Place[] {
  const looked = wanted.trim().toLowerCase();
  const far = (place: Place) => (place.district === district ? 0 : place.district === '' ? 1 : 2);
  return places
    .filter((place) => place.opening.status !== 'ended' && `${place.name} ${place.name_en} ${place.phone}`.toLowerCase().includes(looked))
    .sort((a, b) => far(a) - far(b));
}
