/** Check digits of codes and numbers: whether a text has the last digit that its other characters give. */

const characters = (text: string): readonly string[] => text.split('');

/** The dihedral group of order 10, as Verhoeff's method multiplies in it: 0 to 4 are rotations, 5 to 9 reflections. */
const product = (one: number, other: number): number => {
  const turn = one < 5 ? (one + other) % 5 : (one - other + 5) % 5;
  return one < 5 === other < 5 ? turn : turn + 5;
};

const permuted = (digit: number, times: number): number => {
  let result = digit;
  for (let time = 0; time < times % 8; time += 1) result = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][result] ?? 0;
  return result;
};

/** Verhoeff's check digit, which SNOMED CT identifiers end with. */
export const hasVerhoeffDigit = (text: string): boolean =>
  /^\d+$/.test(text) &&
  characters(text)
    .toReversed()
    .reduce((sum, digit, place) => product(sum, permuted(Number(digit), place)), 0) === 0;

/**
 * The Mod 10 check digit of LOINC, after the hyphen. The letters of an answer code (`LA6576-8`) count by their place in
 * ASCII after `0`.
 */
export const hasLoincDigit = (text: string): boolean => {
  const [code = '', digit, ...rest] = text.split('-');
  if (digit === undefined || rest.length > 0 || !/^[A-Z]{0,2}\d+$/.test(code)) return false;
  const sum = characters(code)
    .toReversed()
    .reduce((total, character, place) => {
      const value = character.charCodeAt(0) - '0'.charCodeAt(0);
      return total + (place % 2 === 0 ? 2 * value - 9 * Math.floor(value / 5) : value);
    }, 0);
  return digit === String((10 - (sum % 10)) % 10);
};

const weighted = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, place) => sum + weight * Number(digits[place]), 0);

/** The Mod 11 check digit of a Norwegian organisation number. */
export const hasOrganisationDigit = (text: string): boolean =>
  /^\d{9}$/.test(text) && weighted(text, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
