import { describe, expect, it } from 'vitest';
import { readStage } from '../../infra/stage.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('a stage', () => {
  it('is the one that may be destroyed, unless another is asked for', () => {
    expect(readStage(undefined)).toMatchObject({ name: 'dev', keepsData: false, firewall: undefined });
    expect(readStage('prod')).toMatchObject({ name: 'prod', keepsData: true });
  });

  it.each(['production', '', 'Prod', ['test', 'prod'], true])(
    'that does not exist is refused by the names of those that do: %j',
    (wrong) => {
      expect(() => readStage(wrong)).toThrow(
        `There is no stage ${JSON.stringify(wrong)}. Give -c stage=<one of dev, test, prod>.`,
      );
    },
  );

  it('needs no reserved instances to be tried: a new account has ten', () => {
    expect(readStage('dev').reservedConcurrency).toBeUndefined();
  });

  it('fits into one account together with the other: of 1000 instances AWS keeps 100 for whoever reserves none', () => {
    const reserved = ['test', 'prod'].map((name) => Object.values(readStage(name).reservedConcurrency ?? {}));
    expect(sum(reserved.flat())).toBeLessThanOrEqual(900);
  });

  it.each(['test', 'prod'])('never has more deliveries under way than instances for them: %s', (name) => {
    const { mostDeliveriesAtOnce, reservedConcurrency } = readStage(name);
    expect(mostDeliveriesAtOnce).toBeLessThanOrEqual(reservedConcurrency?.deliver ?? 0);
  });

  it.each(['test', 'prod'])('lets no single address or token take all that the hub takes in: %s', (name) => {
    const { firewall, throttles } = readStage(name);
    const perMinute = 60 * throttles['process-message'].rate;
    expect(firewall?.perAddress).toBeLessThan(perMinute);
    expect(firewall?.perToken).toBeLessThan(firewall?.perAddress ?? 0);
    expect(firewall?.perSuspectAddress).toBeLessThan(firewall?.perToken ?? 0);
  });
});
