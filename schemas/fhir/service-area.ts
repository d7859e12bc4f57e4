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

const earthRadiusKilometres = 6371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/** Great-circle distance (haversine), WGS84 degrees. */
export const kilometresBetween = (one: Point, other: Point): number => {
  const chord =
    Math.sin(radians(other.latitude - one.latitude) / 2) ** 2 +
    Math.cos(radians(one.latitude)) *
      Math.cos(radians(other.latitude)) *
      Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  return 2 * earthRadiusKilometres * Math.asin(Math.sqrt(chord));
};
