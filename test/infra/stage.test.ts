import { describe, expect, it } from 'vitest';
import { slotsPerParty } from '../../core/delivery/call-slots.ts';
import { quickCallsPerParty } from '../../core/delivery/delivery-queue.ts';
import { readStage } from '../../infra/stage.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

describe('stage', () => {
  it('is the one that may be destroyed, unless another is given', () => {
    expect(readStage(undefined)).toMatchObject({ name: 'dev', keepsData: false, firewall: undefined });
    expect(readStage('prod')).toMatchObject({ name: 'prod', keepsData: true });
  });

  it.each(['production', '', 'Prod', ['test', 'prod'], true])(
    'is refused with the list of stages if there is no such stage: %j',
    (wrong) => {
      expect(() => readStage(wrong)).toThrow(
        `Unknown stage ${JSON.stringify(wrong)}. Use -c stage=<one of dev, test, prod>.`,
      );
    },
  );

  it('needs no reserved instances in dev: a new account has ten', () => {
    expect(readStage('dev').reservedConcurrency).toBeUndefined();
  });

  it('fits into one account together with the other: AWS keeps 100 of 1000 instances unreserved', () => {
    const reserved = ['test', 'prod'].map((name) => Object.values(readStage(name).reservedConcurrency ?? {}));
    expect(sum(reserved.flat())).toBeLessThanOrEqual(900);
  });

  it.each(['test', 'prod'])('never has more parallel deliveries than instances for them: %s', (name) => {
    const { deliveriesAtOnce, reservedConcurrency } = readStage(name);
    expect(sum(Object.values(deliveriesAtOnce))).toBeLessThanOrEqual(reservedConcurrency?.deliver ?? 0);
  });

  it.each(['dev', 'test', 'prod'])('lets no single party occupy a lane of deliveries: %s', (name) => {
    const { deliveriesAtOnce } = readStage(name);
    expect(deliveriesAtOnce.quick).toBeGreaterThan(quickCallsPerParty);
    expect(deliveriesAtOnce.slow).toBeGreaterThan(slotsPerParty);
  });

  it.each(['test', 'prod'])('lets no single address or token use the whole capacity of the hub: %s', (name) => {
    const { firewall, throttles } = readStage(name);
    const perMinute = 60 * throttles['process-message'].rate;
    expect(firewall?.perAddress).toBeLessThan(perMinute);
    expect(firewall?.perToken).toBeLessThan(firewall?.perAddress ?? 0);
    expect(firewall?.perSuspectAddress).toBeLessThan(firewall?.perToken ?? 0);
  });
});
