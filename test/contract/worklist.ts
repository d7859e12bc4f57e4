import { describe, expect, test } from 'vitest';
import type { Obligation } from '../../core/delivery/obligations.ts';
import type { ListName } from '../../core/mission/projections.ts';
import type { Entry, Party, TaskState } from '../../core/mission/state.ts';
import {
  missionOpenedBy,
  missionRequest,
  parties,
  resourceRequest,
  resourceResponse,
  taskOpenedBy,
} from '../support/messages.ts';
import { type Contract, at, endOfTime, entriesOf } from './scenario.ts';

export const worklistContract = ({ ports, fresh, missionWithUpdates, expectDue }: Contract): void => {
  describe('Worklist', () => {
    /** A mission whose first resource is asked, then accepts; the Task as of each entry. */
    const asked = (owner: Party) => {
      const request = missionRequest({ id: fresh() });
      const mission = missionOpenedBy(request);
      const entries = entriesOf([
        [parties.amk, request],
        [parties.la, resourceRequest({ mission, id: fresh() })],
        [parties.operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'declined', id: fresh() })],
      ]);
      const as = (entry: Entry | undefined): { readonly task: TaskState; readonly state: Entry['state'] } => {
        const task = entry?.state.tasks.find(({ kind }) => kind === 'resource');
        if (entry === undefined || task === undefined) throw new Error('no resource was asked');
        return { task: { ...task, owner: owner.organisation }, state: entry.state };
      };
      return { mission, open: as(entries[1]), closed: as(entries[2]) };
    };
    const owner = (): Party => ({ organisation: fresh(), name: 'Contract', role: 'operator' });
    const listed = async (organisation: string, list: ListName) =>
      (await ports().worklist.list(organisation, list, 50)).items.map(({ task }) => task.id);

    test('lists a Task that waits for its owner, with the mission facts that a list needs', async () => {
      const me = owner();
      const { mission, open } = asked(me);
      await ports().worklist.put(open.task, open.state);
      expect((await ports().worklist.list(me.organisation, 'open', 50)).items).toEqual([
        { task: open.task, mission, exercise: false, urgency: 'stat', coordinator: parties.la.organisation },
      ]);
      expect(await listed(fresh(), 'open')).toEqual([]);
    });

    test('lists a Task for the party that has asked, apart from its owner', async () => {
      const [me, other] = [owner(), owner()];
      const { open, closed } = asked(other);
      const mine = async (list: ListName) =>
        (await ports().worklist.asked(me.organisation, list, 50)).items.map(({ task }) => task.id);
      await ports().worklist.put({ ...open.task, asker: me.organisation }, open.state);
      expect([await mine('open'), await listed(me.organisation, 'open')]).toEqual([[open.task.id], []]);
      await ports().worklist.put({ ...closed.task, asker: me.organisation }, closed.state);
      expect([await mine('open'), await mine('closed')]).toEqual([[], [open.task.id]]);
    });

    test('keeps a Task at its place when it changes, so that no page passes it over', async () => {
      const me = owner();
      const tasks = [asked(me), asked(me), asked(me)].map(({ closed }, index) => ({
        task: { ...closed.task, openedAt: at(index), changedAt: at(10) },
        state: closed.state,
      }));
      for (const { task, state } of tasks) await ports().worklist.put(task, state);
      const { items, next } = await ports().worklist.list(me.organisation, 'closed', 1);
      expect(items.map(({ task }) => task.id)).toEqual([tasks[2]?.task.id]);
      const [first] = tasks;
      if (first === undefined || next === undefined) throw new Error('there is one page only');
      const later = { ...first.state, version: first.state.version + 1 };
      await ports().worklist.put({ ...first.task, changedAt: at(20) }, later);
      const rest = await ports().worklist.list(me.organisation, 'closed', 5, next);
      expect(rest.items.map(({ task }) => task.id)).toEqual([tasks[1]?.task.id, tasks[0]?.task.id]);
    });

    test('removes a closed Task from the open ones', async () => {
      const me = owner();
      const { open, closed } = asked(me);
      await ports().worklist.put(open.task, open.state);
      await ports().worklist.put(closed.task, closed.state);
      expect(await listed(me.organisation, 'open')).toEqual([]);
      expect(await listed(me.organisation, 'closed')).toEqual([closed.task.id]);
    });

    test('keeps the newer entry when an older one arrives late', async () => {
      const me = owner();
      const { open, closed } = asked(me);
      await ports().worklist.put(closed.task, closed.state);
      await ports().worklist.put(open.task, open.state);
      expect(await listed(me.organisation, 'open')).toEqual([]);
      expect((await ports().worklist.list(me.organisation, 'closed', 50)).items[0]?.task.status).toBe('rejected');
    });

    test('changes nothing when the same entry is put twice', async () => {
      const me = owner();
      const { open } = asked(me);
      await ports().worklist.put(open.task, open.state);
      await ports().worklist.put(open.task, open.state);
      expect(await listed(me.organisation, 'open')).toEqual([open.task.id]);
    });

    test('makes a Task due from its deadline until its owner has answered, before all other obligations', async () => {
      const { mission, open, closed } = asked(owner());
      const mine = (one: Obligation): boolean => 'mission' in one && one.mission === mission;
      const deadline: Obligation = { kind: 'deadline', mission, task: open.task.id };
      const { entries } = missionWithUpdates();
      for (const entry of entries.slice(0, 1))
        expect(await ports().missions.append({ ...entry, mission }, at(0))).toBe('appended');
      await ports().worklist.put(open.task, open.state);
      await expectDue(at(61), mine, [deadline, { kind: 'fan-out', mission, entry: 1 }]);
      await expectDue(at(60), mine, [{ kind: 'fan-out', mission, entry: 1 }]);
      await ports().obligations.postpone(deadline, at(90));
      await expectDue(at(89), mine, [{ kind: 'fan-out', mission, entry: 1 }]);
      await expectDue(at(90), mine, [deadline, { kind: 'fan-out', mission, entry: 1 }]);
      await ports().worklist.put(closed.task, closed.state);
      await expectDue(endOfTime, mine, [{ kind: 'fan-out', mission, entry: 1 }]);
      await ports().obligations.postpone(deadline, at(1));
      await expectDue(endOfTime, mine, [{ kind: 'fan-out', mission, entry: 1 }]);
    });

    test('shows every Task on one page', async () => {
      const me = owner();
      const ids: string[] = [];
      for (let one = 0; one < 7; one += 1) {
        const { open } = asked(me);
        ids.push(open.task.id);
        await ports().worklist.put(open.task, open.state);
      }
      const seen: string[] = [];
      let from: string | undefined;
      do {
        const page = await ports().worklist.list(me.organisation, 'open', 3, from);
        expect(page.items.length).toBeLessThanOrEqual(3);
        seen.push(...page.items.map(({ task }) => task.id));
        from = page.next;
      } while (from !== undefined);
      expect(seen.sort()).toEqual(ids.sort());
    });
  });
};
