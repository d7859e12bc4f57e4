import type { Fault } from '../fault.ts';

/** Storage, releases, alarms and the host on a laptop. */
export const operationFaults: readonly Fault[] = [
  {
    harm: 'lost',
    what: 'Two messages took one number of a mission, and one of them was lost.',
    guard: 'DynamoDB: an entry is appended once',
  },
  {
    harm: 'down',
    what: 'A mission that only a newer release can read made the lists of all others fail.',
    guard: {
      what: 'A mission that cannot be read fails alone',
      file: 'core/queries/missions.ts',
      find: '  const read = await ifReadable(() => readMission(ports.missions, caller, mission));',
      replace: '  const read = await (() => readMission(ports.missions, caller, mission))();',
      test: {
        file: 'test/unit/core/queries/missions.test.ts',
        title: 'reports missions that only a newer release can read',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A mission that cannot be read was reported on one page of a search only.',
    guard: {
      what: 'A search reports each mission that cannot be read, on its page',
      file: 'core/queries/missions.ts',
      find: "    row === 'unreadable' ||\n    row === 'counted' ||",
      replace: "    row === 'counted' ||",
      test: {
        file: 'test/unit/core/queries/missions.test.ts',
        title: 'reports missions that only a newer release can read',
      },
    },
  },
  {
    harm: 'lost',
    what: 'The state that an entry carries, of another version of the fold, was used as it was.',
    guard: {
      what: 'A state of another fold is folded again from the log',
      file: 'adapters/dynamodb/mission-log.ts',
      find: '    if (isOfThisFold(item)) return entry;',
      replace: '    if (isOfThisFold(item) || entry.number > 0) return entry;',
      test: {
        file: 'test/integration/newer-release.test.ts',
        title: 'folds a mission from its log if the stored state is of another fold',
      },
    },
  },
  {
    harm: 'lost',
    what: 'A notification with a status that only a newer release knows was never delivered after a rollback.',
    guard: {
      what: 'A status that is not known counts as pending while its delivery is due',
      file: 'adapters/dynamodb/notifications.ts',
      find: "? 'pending' : 'failed');",
      replace: "? 'failed' : 'failed');",
      test: {
        file: 'test/integration/newer-release.test.ts',
        title: 'leaves a pending notification pending, as its status, until the notification is delivered',
      },
    },
  },
  {
    harm: 'down',
    what: 'A function whose limit was no number limited nothing.',
    guard: {
      what: 'A setting that is no number stops the function at its start',
      file: 'adapters/settings.ts',
      find: '      (value) => /^\\d+$/.test(value) && Number(value) >= least && Number(value) <= most,',
      replace: '      (value) => value.length >= 0 && least <= most,',
      test: {
        file: 'test/unit/functions/settings.test.ts',
        title: 'refuses to start %s with a %s that is no whole number',
      },
    },
  },
  {
    harm: 'down',
    what: 'A refused key or right made the hub answer 500 for good, instead of asking the caller to send again.',
    guard: {
      what: 'A refusal of access is a fault that may end',
      file: 'adapters/transient-faults.ts',
      find: 'transientNames.includes(name) || isRefusal(name);',
      replace: 'transientNames.includes(name) || (isRefusal(name) && false);',
      test: {
        file: 'test/unit/adapters/transient-faults.test.ts',
        title: 'accepts a refusal of access, also by the key: %s, HTTP %i',
      },
    },
  },
  {
    harm: 'late',
    what: 'No alarm rang when the sweeper did not run at all.',
    guard: {
      what: 'A missing count of the sweeper fires its alarm',
      file: 'infra/compute/sweeper.ts',
      find: '      treatMissingData: TreatMissingData.BREACHING,',
      replace: '      treatMissingData: TreatMissingData.NOT_BREACHING,',
      test: { file: 'test/infra/alarms.test.ts', title: 'fire when the sweeper logs no run, not only when it fails' },
    },
  },
  {
    harm: 'late',
    what: 'After an outage all delayed runs of the sweeper started together.',
    guard: {
      what: 'A run of the sweeper that could not start in time is dropped',
      file: 'infra/compute/sweeper.ts',
      find: '    sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });\n',
      replace: '    sweep.configureAsyncInvoke({ retryAttempts: 0 });\n',
      test: {
        file: 'test/infra/hub-stack.test.ts',
        title: 'runs every minute, does not repeat a failed run, and starts none that waited longer than a minute',
      },
    },
  },
  {
    harm: 'lost',
    what: 'A hub on a laptop that was killed while it postponed a pending notification never sent it, and alerted nobody: the item was in no index.',
    guard: {
      what: 'An item of the embedded tables is written at once with its rows in the indexes',
      file: 'local/aws/atomic-writes.ts',
      find: "    store.db.batch([...operations, { type: 'put', key: keyOf(key), value }], written);",
      replace:
        "    store.db.batch(operations, () => store.db.batch([{ type: 'put', key: keyOf(key), value }], written));",
      test: {
        file: 'test/unit/local/atomic-writes.test.ts',
        title: 'writes an obligation that %s at once with its row in the index',
      },
    },
  },
  {
    harm: 'down',
    what: 'The tables of a hub on a laptop grew by gigabytes, because what was read was never closed.',
    guard: {
      what: 'Iterators of the embedded tables are closed',
      file: 'local/aws/closing-iterators.ts',
      find: '  return this.close();',
      replace: "  return typeof this.close === 'function' ? Promise.resolve() : this.close();",
      test: {
        file: 'test/integration/local/tables.test.ts',
        title: 'Items that are written and read repeatedly do not make the table grow',
      },
    },
  },
  {
    harm: 'lost',
    what: 'A party that still had open Tasks was dropped from the directory, with its phone number.',
    guard: {
      what: 'A party with open Tasks stays in the directory',
      file: 'commands/directory/command.ts',
      find: '  if (needed.length > 0) {',
      replace: '  if (needed.length > 1_000) {',
      test: { file: 'test/integration/directory.test.ts', title: 'never drops an organisation that has open Tasks' },
    },
  },
  {
    harm: 'late',
    what: 'Mission numbers and receipts said that everybody was notified; nothing compared them with who had to be.',
    guard: {
      what: 'The auditor reports a party that was not notified and nobody alerted',
      file: 'core/audit/reconcile/check-mission.ts',
      find: "        else if (one.needs !== 'none')",
      replace: '        else if (one.needs === undefined)',
      test: { file: 'test/unit/core/audit/reconcile.test.ts', title: 'is a finding if they were not' },
    },
  },
  {
    harm: 'misled',
    what: 'A comparison of receipts with missions that ran out of time said that it was complete, without the receipts of some subscriptions.',
    guard: {
      what: 'A comparison that has not read every subscription is not complete',
      file: 'core/audit/reconcile/reconcile.ts',
      find: 'missions.length - done + survey.subscriptions.length - read;',
      replace: 'missions.length - done;',
      test: {
        file: 'test/unit/core/audit/reconcile.test.ts',
        title: 'is not complete if it has not read the receipts of every subscription',
      },
    },
  },
  {
    harm: 'down',
    what: 'A batch read asked a throttled partition again at once, and kept it throttled.',
    guard: {
      what: 'What AWS left out is asked for after a pause',
      file: 'adapters/partial-answers.ts',
      find: '    await wait(Math.random()',
      replace: '    void wait(Math.random()',
      test: {
        file: 'test/unit/adapters/partial-answers.test.ts',
        title: 'pauses longer and longer, by a random part of it, and never longer than the longest',
      },
    },
  },
];
