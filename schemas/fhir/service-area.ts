/**
 * The rectangle of the missions, WGS84 degrees: Norway with Svalbard, the surrounding sea and the border regions.
 * Its latitudes and longitudes do not overlap, so swapped coordinates are always detected.
 */
const serviceArea = { south: 54, north: 82, west: -12, east: 42 } as const;

export type PlaceVerdict = 'inside' | 'swapped' | 'outside';

const isInside = (latitude: number, longitude: number): boolean =>
  latitude >= serviceArea.south &&
  latitude <= serviceArea.north &&
  longitude >= serviceArea.west &&
  longitude <= serviceArea.east;

export const judgePlace = ({
  latitude,
  longitude,
}: {
  readonly latitude: number;
  readonly longitude: number;
}): PlaceVerdict => {
  if (isInside(latitude, longitude)) return 'inside';
  return isInside(longitude, latitude) ? 'swapped' : 'outside';
};
