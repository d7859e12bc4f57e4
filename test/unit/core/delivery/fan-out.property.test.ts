import { array, assert, asyncProperty, constantFrom, integer, option, scheduler, uniqueArray } from 'fast-check';
import { describe, test } from 'vitest';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import { Crash, type Interceptor, withInterceptor, crashingProcess } from '../../../memory/intercept.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  mission,
  update,
  accept,
  subscribeAll,
  sweepAll,
  expectAllNotified,
  otherMission,
  scenario,
  play,
  amk,
  la,
  type Step,
} from './fan-out-scenario.ts';

describe('fan-out with random crashes', () => {
  test('loses and repeats no notification when fan-outs and sweeper crash several times', async () => {
    await assert(
      asyncProperty(
        uniqueArray(integer({ min: 1, max: 90 }), { maxLength: 25 }),
        constantFrom('before the call' as const, 'after the call' as const),
        async (crashes, when) => {
          const { hub } = await play(new Set(crashes), when);
          await expectAllNotified(hub, [mission, otherMission]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('loses and repeats no notification with concurrent messages, fan-outs and two sweepers that crash anywhere', async () => {
    const step = (index: number): Step => [index % 2 === 0 ? amk : la, update(`at-once-${index}`)];
    await assert(
      asyncProperty(
        scheduler(),
        array(option(integer({ min: 1, max: 20 }), { nil: 0 }), { minLength: 6, maxLength: 6 }),
        async (schedule, crashes) => {
          const hub = memoryHub();
          await subscribeAll(hub);
          for (const before of scenario.slice(0, 2)) await accept(hub, before);
          const live = async (index: number, run: (ports: SweepPorts) => Promise<unknown>): Promise<void> => {
            const process = crashingProcess(
              new Set([crashes[index] ?? 0]),
              index % 2 === 0 ? 'before the call' : 'after the call',
            );
            const intercept: Interceptor = (name, call) =>
              process.intercept(name, async () => {
                await schedule.schedule(Promise.resolve(), `${index} ${name}`);
                return call();
              });
            // Sweepers believe that time has passed, so that everything is theirs to do.
            const now = index >= 4 ? () => hub.clock.now() + 120_000 : hub.now;
            await run(withInterceptor({ ...hub, now }, intercept)).catch((error: unknown) => {
              if (!(error instanceof Crash)) throw error;
            });
          };
          const all = Promise.all([
            ...[0, 1, 2, 3].map((index) =>
              live(index, async (ports) => fanOut(ports, await accept(ports, step(index)))),
            ),
            ...[4, 5].map((index) =>
              live(index, (ports) =>
                sweep(
                  ports,
                  () => 60_000,
                  () => undefined,
                ),
              ),
            ),
          ]);
          await schedule.waitFor(all);
          await sweepAll(hub, hub);
          await expectAllNotified(hub, [mission]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
