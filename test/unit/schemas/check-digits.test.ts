import { describe, expect, test } from 'vitest';
import { hasLoincDigit, hasOrganisationDigit, hasVerhoeffDigit } from '../../../schemas/check-digits.ts';

const otherDigits = (text: string): readonly string[] => {
  const start = text.slice(0, -1);
  return Array.from({ length: 10 }, (_one, digit) => `${start}${digit}`).filter((one) => one !== text);
};

describe('check digits', () => {
  test.each(['47625008', '85151006', '22298006', '236973005', '3950001'])(
    'SNOMED CT: only %s has its digit',
    (code) => {
      expect(hasVerhoeffDigit(code)).toBe(true);
      expect(otherDigits(code).filter(hasVerhoeffDigit)).toEqual([]);
    },
  );

  test('SNOMED CT: finds two digits that changed places', () => {
    expect(hasVerhoeffDigit('74625008')).toBe(false);
  });

  test.each(['8867-4', '85354-9', '2708-6', '100000-9', 'LA6576-8', 'LA33-6', 'LA26421-0'])(
    'LOINC: only %s has its digit',
    (code) => {
      expect(hasLoincDigit(code)).toBe(true);
      expect(otherDigits(code).filter(hasLoincDigit)).toEqual([]);
    },
  );

  test.each(['', '-', '8867', '8867-', 'ola-4', '8867-4-4', 'LAA33-6', '0x10-1'])('LOINC: %j has none', (code) => {
    expect(hasLoincDigit(code)).toBe(false);
  });

  test('organisation numbers: only one last digit fits, and nine digits are needed', () => {
    expect(hasOrganisationDigit('974760673')).toBe(true);
    expect(otherDigits('974760673').filter(hasOrganisationDigit)).toEqual([]);
    expect(hasOrganisationDigit('97476067')).toBe(false);
    expect(hasOrganisationDigit('9747606730')).toBe(false);
  });
});
