/**
 * The guards against crashes, duplicates and races: `npm run simulate -- --guards` removes each in a copy of the sources
 * (guard-check.ts) and expects an invariant or a test to fail. docs/simulation.md lists them.
 */

export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

export interface Guard {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What it ensures. */
  readonly what: string;
  /** What must fail without it; the simulation if absent. */
  readonly detectedBy?: 'exhaustive search' | NamedTest;
}

/** A source without a guard; `undefined` if the guard is not in it once. */
export const withoutGuard = (source: string, { find, replace }: Pick<Guard, 'find' | 'replace'>): string | undefined =>
  source.split(find).length === 2 ? source.replace(find, () => replace) : undefined;

const accept = 'core/mission/accept-message.ts';
const knownMessages = 'core/mission/known-messages.ts';
const logEntry = 'core/mission/log-entry.ts';
const fanOut = 'core/delivery/fan-out.ts';
const deliver = 'core/delivery/deliver.ts';
const attempt = 'core/delivery/attempt.ts';
const alertPeople = 'core/delivery/alert-people.ts';
const retryPolicy = 'core/delivery/retry-policy.ts';
const due = 'core/delivery/due.ts';
const wrongClocks = 'core/delivery/wrong-clocks.ts';
const circuitBreaker = 'core/delivery/circuit-breaker.ts';
const sweep = 'core/delivery/sweep.ts';
const quickLane = 'core/delivery/quick-lane.ts';
const deliveryQueue = 'core/delivery/delivery-queue.ts';
const coreSlots = 'core/delivery/call-slots.ts';
const memorySlots = 'adapters/in-process/call-slots.ts';
const callSlots = 'adapters/dynamodb/call-slots.ts';
const numbering = 'core/delivery/number-notification.ts';
const memoryMissions = 'test/memory/mission-log.ts';
const memorySubscriptions = 'test/memory/subscriptions.ts';
const memoryHealth = 'test/memory/endpoint-health.ts';
const memoryPlaces = 'test/memory/places.ts';
const memoryNotifications = 'test/memory/notifications.ts';
const memoryWorklist = 'test/memory/worklist.ts';
const missionLog = 'adapters/dynamodb/mission-log.ts';
const subscriptions = 'adapters/dynamodb/subscriptions.ts';
const endpointHealth = 'adapters/dynamodb/endpoint-health.ts';
const places = 'adapters/dynamodb/places.ts';
const notifications = 'adapters/dynamodb/notifications.ts';

/** A test of the contract of the ports, on DynamoDB. */
const contract = (title: string): NamedTest => ({ file: 'test/integration/dynamodb-contract.test.ts', title });

export const guards: readonly Guard[] = [
  {
    file: accept,
    find: 'if (before !== undefined) return before;',
    replace: '',
    what: 'A repeated message gets its first answer',
  },
  {
    file: accept,
    find: 'return first.digest === message.digest\n',
    replace: 'return first.digest !== undefined\n',
    what: 'A used message id with other content is refused',
  },
  {
    file: accept,
    find: 'await keepOldFingerprints(log, last)',
    replace: 'void keepOldFingerprints(log, last).catch(() => undefined)',
    what: 'Fingerprints that an entry no longer carries are kept before the entry is appended',
  },
  {
    file: knownMessages,
    find: 'list.length + 1 - log.window',
    replace: 'list.length - log.window',
    what: 'Every fingerprint that an entry no longer carries is kept',
  },
  {
    file: knownMessages,
    find: 'const numbers = [...new Set([...kept, ...inWindow])];',
    replace: 'const numbers = [...new Set(inWindow)];',
    what: 'A message is also looked for among the fingerprints that are kept beside the log',
  },
  {
    file: logEntry,
    find: "previous: last?.seal ?? ''",
    replace: "previous: ''",
    what: 'An entry carries the digest of the entry before',
  },
  {
    file: logEntry,
    find: 'last?.fanOutPending === true ? last.pendingFrom : decided.number',
    replace: 'decided.number',
    what: 'An entry names the earliest entry whose fan-out may be pending',
  },
  {
    file: accept,
    find: "if (appended === 'appended')",
    replace: 'if (appended)',
    what: 'After a lost race for an entry number, the state is read and decided again',
  },
  {
    file: fanOut,
    find: 'entry.pendingFrom < entry.number\n',
    replace: 'entry.number < 0\n',
    what: 'Pending fan-outs of earlier entries are completed first',
  },
  {
    file: fanOut,
    find: "if (failed !== undefined) return { outcome: 'pending', failure: failed.failure };",
    replace: '',
    what: 'If a notification cannot be written, the fan-out stays pending',
  },
  {
    file: fanOut,
    find: 'const others = mayHaveStarted ? subscribers.filter(',
    replace: 'const others = mayHaveStarted === undefined ? subscribers.filter(',
    what: 'A subscription with a number for the entry is notified, even if its filter has changed',
    detectedBy: {
      file: 'test/unit/core/delivery/fan-out.test.ts',
      title:
        'notifies a subscription that was being numbered before a crash in %s, although its filter has changed since',
    },
  },
  {
    file: fanOut,
    find: '  const warnings = await warnOfUnreachable(ports, entry, subscribers);\n  await ports.missions.completeFanOut(entry.mission, entry.number, {\n    notified: notified.map((one) => one.notified),\n    withoutSubscription: entry.recipients.filter((organisation) => !reached.has(organisation)),\n    fanOutCompletedAt: new Date(ports.now()).toISOString(),\n  });\n',
    replace:
      '  await ports.missions.completeFanOut(entry.mission, entry.number, {\n    notified: notified.map((one) => one.notified),\n    withoutSubscription: entry.recipients.filter((organisation) => !reached.has(organisation)),\n    fanOutCompletedAt: new Date(ports.now()).toISOString(),\n  });\n  const warnings = await warnOfUnreachable(ports, entry, subscribers);\n',
    what: 'People are alerted of unreachable parties before the fan-out is completed',
  },
  {
    file: fanOut,
    find: '    project(ports, entry),\n  ]);',
    replace: '    void project(ports, entry).catch(() => {}),\n  ]);',
    what: 'Deadlines are stored before the fan-out is completed',
  },
  {
    file: deliver,
    find: "while (previous?.status === 'pending') {",
    replace: 'while (previous === null) {',
    what: 'An earlier pending notification of the mission is sent first',
  },
  {
    file: deliver,
    find: "if (context.subscription === undefined || context.notification?.status !== 'pending') return complete;",
    replace: 'if (context.subscription === undefined || context.notification === undefined) return complete;',
    what: 'A completed notification is not sent again',
  },
  {
    file: attempt,
    find: "if (subscription.status === 'off') return { result: { answer: { failure: 'off' } }, subscription };",
    replace: '',
    what: 'An ended subscription is not called',
  },
  {
    file: attempt,
    find: 'const warned = await alertIfDecided(decision, pending, attempt, ports);',
    replace:
      "if (decision.outcome === 'given-up') await ports.notifications.record(notification.subscription, notification.number, decision.record);\n  const warned = await alertIfDecided(decision, pending, attempt, ports);",
    what: 'People are alerted before the receipt says failed',
  },
  {
    file: retryPolicy,
    find: '|| endedAt - since >= settings.tryFor * 1000)',
    replace: ')',
    what: 'The hub gives a notification up after a time',
  },
  {
    file: retryPolicy,
    find: ': Math.max(begunAt(before.firstTriedAt, now), begunAt(writtenAt, now));',
    replace: ': now;',
    what: 'A notification that waited behind one that was given up does not get the full time again',
  },
  {
    file: retryPolicy,
    find: 'dueAt: new Date(endedAt + wait * 1000 + lostAfterMilliseconds).toISOString(),',
    replace: "dueAt: '2099-01-01T00:00:00.000Z',",
    what: 'A retry that the queue lost is sent again',
    detectedBy: {
      file: 'test/unit/core/delivery/retry-policy.test.ts',
      title: 'a retry is due soon after its time, not before: its job may be lost by the queue',
    },
  },
  {
    file: alertPeople,
    find: "if (others.some(({ status }) => status === 'delivered')) return 'delivered';",
    replace: '',
    what: 'There is no alert if the party has the message through another subscription',
  },
  {
    file: circuitBreaker,
    find: 'retryAt !== undefined && !isDue(retryAt, now) ?',
    replace: 'retryAt !== undefined && now < 0 ?',
    what: 'An open circuit is not probed too early',
  },
  {
    file: circuitBreaker,
    find: 'if (!(await ports.endpointHealth.claimProbe(subscription, until))) return soon;',
    replace: '',
    what: 'A probe is claimed by one process',
  },
  {
    file: circuitBreaker,
    find: 'if (seen.failures < circuit.opensAfter && (isRejection ||',
    replace: 'if (seen !== null || (isRejection ||',
    what: 'A circuit opens after failures',
  },
  {
    file: circuitBreaker,
    find: 'dueAt: isOver ? undefined : retryAt',
    replace: 'dueAt: undefined',
    what: 'A probe of an open circuit is an obligation',
  },
  {
    file: quickLane,
    find: "|| previous?.status === 'pending') return undefined;",
    replace: ') return undefined;',
    what: 'A notification does not overtake in the quick lane an earlier one that is in the slow lane',
  },
  {
    file: quickLane,
    find: ' || isSlow(subscription)) return undefined;',
    replace: ') return undefined;',
    what: 'The quick lane does not call a slow endpoint',
  },
  {
    file: quickLane,
    find: "if (attempt === 'cut-off') return job;",
    replace: "if (attempt === 'cut-off') return undefined;",
    what: 'A call that was cut off is made again in the slow lane',
  },
  {
    file: quickLane,
    find: 'if (next !== undefined) await ports.lanes.slow.send([next]);',
    replace: 'if (next !== undefined) await ports.lanes.slow.send([next]).catch(() => undefined);',
    what: 'A job leaves the quick lane only if the slow lane has it',
  },
  {
    file: circuitBreaker,
    find: 'const seconds = Math.min(quickCallSeconds, callSeconds(subscription));',
    replace: 'const seconds = callSeconds(subscription);',
    what: 'A call of the quick lane is cut off after two seconds',
  },
  {
    file: deliveryQueue,
    find: "if (lane === 'slow') return own;",
    replace: 'if (lane !== undefined) return own;',
    what: 'A party has a few of the workers of the quick lane at a time',
    detectedBy: {
      file: 'test/unit/core/delivery/quick-lane.test.ts',
      title: 'bounds the jobs of one party that are worked at the same time',
    },
  },
  {
    file: deliver,
    find: "return subscription.status === 'off' ? attemptNow() : inSlot(subscription, ports, attemptNow);",
    replace: 'return attemptNow();',
    what: 'A notification of the slow lane is sent in a slot',
  },
  {
    file: circuitBreaker,
    find: 'const called = await inSlot(subscription, ports, async () => {',
    replace: 'const called = await (async (...[, , calls]) => calls())(subscription, ports, async () => {',
    what: 'A handshake or heartbeat is sent in a slot',
  },
  {
    file: coreSlots,
    find: '    await slots.free(slot).catch(() => undefined);\n',
    replace: '',
    what: 'A slot is free again after the call',
    detectedBy: {
      file: 'test/unit/core/delivery/quick-lane.test.ts',
      title: 'are held during an attempt only',
    },
  },
  {
    file: memorySlots,
    find: 'slotsPerEndpoint,\n        own.filter(',
    replace: '99,\n        own.filter(',
    what: 'Memory: an endpoint has a few calls at a time',
  },
  {
    file: memorySlots,
    find: 'firstFree(slotsPerParty,',
    replace: 'firstFree(99,',
    what: 'Memory: a party has a few calls at a time',
  },
  {
    file: memorySlots,
    find: 'isDue(until, now, longestSlotMilliseconds)',
    replace: 'now < 0',
    what: 'Memory: the slot of a process that crashed is free again after its time',
  },
  {
    file: sweep,
    find: '        await alertOfDelay(obligation, notification, entry, ports);\n',
    replace: '',
    what: 'People are alerted of a notification that no worker takes up',
  },
  {
    file: sweep,
    find: 'left !== undefined && left > 0 && left < retryMilliseconds',
    replace: 'left !== undefined && left > retryMilliseconds',
    what: 'The sweeper looks again when people are to be alerted',
    detectedBy: {
      file: 'test/unit/core/delivery/warnings.test.ts',
      title: 'costs one write while a notification is not late, and comes when it is time',
    },
  },
  {
    file: sweep,
    find: '|| !hasPassed(deadline, task, ports.now()))',
    replace: ')',
    what: 'A deadline that was moved is not reported too early',
  },
  {
    file: sweep,
    find: '      await ports.obligations.postpone(obligation, new Date(ports.now() + retryMilliseconds).toISOString());\n',
    replace: '',
    what: 'An obligation that fails does not block others',
    detectedBy: {
      file: 'test/unit/core/delivery/fan-out-recovery.test.ts',
      title: 'works other obligations although one fails',
    },
  },
  {
    file: 'core/mission/transitions.ts',
    find: "(facts.answer === 'overdue' && deadlineOf(task) !== facts.deadline)",
    replace: 'false',
    what: 'A deadline that no longer applies is not reported',
  },
  {
    file: 'core/mission/hub-message-bundle.ts',
    find: 'const id = uuidOf(alert.event, mission, ...alert.identity);',
    replace: 'const id = uuidOf(alert.event, mission, ...alert.identity, String(Math.random()));',
    what: 'The id of a hub message follows from its subject',
  },
  {
    file: 'core/mission/preconditions.ts',
    find: "before.unreachable?.[undelivered?.organisation ?? ''] !== undefined;",
    replace: 'undelivered === null;',
    what: 'An unreachable party is reported once',
    detectedBy: {
      file: 'test/unit/core/delivery/unreachable.test.ts',
      title: 'alerts once per outage: not for another message, but again after a message from the party',
    },
  },
  {
    file: numbering,
    find: 'if (isOwn && !(await places.claim(wanted, place, claim))) continue;',
    replace: '',
    what: 'An entry is claimed before it is numbered',
    detectedBy: 'exhaustive search',
  },
  {
    file: numbering,
    find: 'if (isOf(stored, wanted)) return stored;',
    replace: 'if (stored === notification) return stored;',
    what: 'A number that is taken may be that of the entry itself',
    detectedBy: 'exhaustive search',
  },
  {
    file: numbering,
    find: 'if (own !== undefined) return existing(ports, wanted, own.number);',
    replace: '',
    what: 'A process that completes a claim finds the number that the entry has',
    detectedBy: 'exhaustive search',
  },
  {
    file: numbering,
    find: 'const isOwn = place.claim === undefined;\n    const claim = place.claim ?? {',
    replace:
      'const isOwn = place.claim?.entry !== wanted.entry;\n    const claim = (isOwn ? undefined : place.claim) ?? {',
    what: 'The claim of an earlier entry is completed first',
    detectedBy: {
      file: 'test/unit/core/delivery/number-notification.test.ts',
      title: 'completes the claim of an earlier entry before it numbers a later one',
    },
  },
  {
    file: numbering,
    find: "if (place.entry > wanted.entry || (place.claim?.entry ?? 0) > wanted.entry) return 'passed';",
    replace: '',
    what: 'An entry is not numbered after a later one',
    detectedBy: 'exhaustive search',
  },
  {
    file: numbering,
    find: '    await places.settle(wanted, claim, found.number);\n',
    replace: '',
    what: 'A claim becomes a number',
    detectedBy: {
      file: 'test/unit/core/delivery/number-notification.test.ts',
      title: 'completes a claim that was made long ago with few writes',
    },
  },
  {
    file: numbering,
    find: 'let untilLook = isOwn ? lossesBeforeLook : 0;',
    replace: 'let untilLook = -1;',
    what: 'A claim that was made long ago is completed without trying every number since',
    detectedBy: {
      file: 'test/unit/core/delivery/number-notification.test.ts',
      title: 'completes a claim that was made long ago with few writes',
    },
  },
  {
    file: memoryPlaces,
    find: 'if (entry !== seen.entry || !isSame(before, seen.claim)) return false;',
    replace: '',
    what: 'Memory: a claim is made only on the place that was read',
    detectedBy: 'exhaustive search',
  },
  {
    file: memoryPlaces,
    find: 'if (!isSame(placeOf(of).claim, claim)) return;',
    replace: '',
    what: 'Memory: only the stored claim becomes a number',
    detectedBy: 'exhaustive search',
  },
  {
    file: memoryMissions,
    find: "if (log.has(entry.number)) return 'taken';",
    replace: '',
    what: 'Memory: an entry is appended once',
  },
  {
    file: memoryMissions,
    find: '      if (item.dueAt === undefined) {\n        const { notified: noted }',
    replace: '      if (item.dueAt === null) {\n        const { notified: noted }',
    what: 'Memory: the result of a fan-out is stored once',
  },
  {
    file: memoryNotifications,
    find: 'if (there !== undefined) return there;',
    replace: '',
    what: 'Memory: a number is given once',
  },
  {
    file: memoryNotifications,
    find: "if (item === undefined || item.notification.status !== 'pending') return;\n      // A repeated",
    replace: 'if (item === undefined) return;\n      // A repeated',
    what: 'Memory: a late duplicate does not change a receipt',
  },
  {
    file: memoryHealth,
    find: '        subscription.status !== seen.status ||\n',
    replace: '',
    what: 'Memory: only a process that read the current status changes it',
  },
  {
    file: memoryHealth,
    find: "subscription.status === 'off' ||\n        subscription.status !== seen.status ||",
    replace: "(subscription.status !== 'off' && subscription.status !== seen.status) ||",
    what: 'Memory: off stays off',
  },
  {
    file: memoryHealth,
    find: '        subscription.revision !== seen.revision ||\n',
    replace: '',
    what: 'Memory: only a process that read the current settings changes the status',
  },
  {
    file: memoryHealth,
    find: 'subscription.revision !== seen.revision ||\n        subscription.failingSince !== seen.failingSince\n',
    replace: 'subscription.revision !== seen.revision\n',
    what: 'Memory: a repeated call does not end a later outage',
    detectedBy: {
      file: 'test/unit/core/delivery/memory-contract.test.ts',
      title: 'counts each of several concurrent failures, while the subscription is active and as it was read',
    },
  },
  {
    file: memoryHealth,
    find: 'if (retryAt === undefined || subscription.retryAt !== retryAt) return false;',
    replace: '',
    what: 'Memory: one process claims the probe',
  },
  {
    file: due,
    find: 'return !(ahead > 0 && ahead <= longest);',
    replace: 'return ahead <= 0;',
    what: 'A time from a clock that was ahead keeps no endpoint from being called',
  },
  {
    file: wrongClocks,
    find: '    await ports.obligations.postpone(one.obligation, new Date(time).toISOString());\n',
    replace: '',
    what: 'Work that a clock that was ahead has planned is done when the clock is right',
  },
  {
    file: memorySubscriptions,
    find: 'if (enlisted.has(id)) enlisted.set(id, immutableCopy({ id, organisation, filter }));',
    replace: 'enlisted.set(id, immutableCopy({ id, organisation, filter }));',
    what: 'Memory: an ended subscription is not listed again',
  },
  {
    file: memorySubscriptions,
    find: "if (head !== undefined && head.status !== 'off' && head.revision !== revision) await relist(head);",
    replace: '',
    what: 'Memory: the list has the last filter',
  },
  {
    file: memoryNotifications,
    find: 'if (item?.deadSince === undefined) return false;\n      const {\n        firstTriedAt',
    replace: 'if (item === undefined) return false;\n      const {\n        firstTriedAt',
    what: 'Memory: a dead letter is redriven once',
  },
  {
    file: memoryWorklist,
    find: 'if (known !== undefined && known.entry >= state.version) return;',
    replace: '',
    what: 'Memory: an older entry does not overwrite a newer Task',
  },

  {
    file: missionLog,
    find: "client.send(new PutCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),",
    replace: 'client.send(new PutCommand({ TableName, Item: item })),',
    what: 'DynamoDB: an entry is appended once',
    detectedBy: contract('appends one entry to a number and never changes it'),
  },
  {
    file: missionLog,
    find: 'packed.length > largestPacked',
    replace: 'packed.length > Number.POSITIVE_INFINITY',
    what: 'DynamoDB: an entry that is too large is refused',
    detectedBy: contract('refuses an entry that is larger than the limit and writes nothing'),
  },
  {
    file: missionLog,
    find: "when: 'attribute_exists(obligation)',",
    replace: "when: 'attribute_exists(pk)',",
    what: 'DynamoDB: the result of a fan-out is stored once',
    detectedBy: contract('keeps the first result of a fan-out'),
  },
  {
    file: places,
    find: "seen.entry === 0 ? 'attribute_not_exists(#entry)' : '#entry = :seen',",
    replace: "seen.entry === 0 ? ':seen = :seen' : '#entry <= :seen OR #entry > :seen',",
    what: 'DynamoDB: a claim is made only on the number that was read',
    detectedBy: contract('sets a claim only if the place is as it was seen'),
  },
  {
    file: places,
    find: "seen.claim === undefined ? 'attribute_not_exists(#claimed)' : isStored,",
    replace:
      "seen.claim === undefined ? ':seen = :seen' : 'attribute_exists(#claimed) OR :claimedBefore > :fromBefore',",
    what: 'DynamoDB: a claim is made only on the claim that was read',
    detectedBy: contract('sets a claim only if the place is as it was seen'),
  },
  {
    file: places,
    find: '      when: isStored,\n',
    replace: "      when: ':claimedBefore <> :fromBefore',\n",
    what: 'DynamoDB: only the stored claim becomes a number',
    detectedBy: contract('settles only the stored claim'),
  },
  {
    file: callSlots,
    find: '`attribute_not_exists(#${which})`',
    replace: '`attribute_not_exists(#${which}) OR attribute_exists(#${which})`',
    what: 'DynamoDB: a slot is taken by one caller',
    detectedBy: {
      file: 'test/integration/dynamodb-contract.test.ts',
      title: 'bounds the calls to one endpoint, also if all are taken at the same time',
    },
  },
  {
    file: callSlots,
    find: "when: '#party = :held AND #endpoint = :held',",
    replace: "when: 'attribute_exists(pk) OR NOT #party = :held',",
    what: 'DynamoDB: a slot that another caller has is not freed',
    detectedBy: {
      file: 'test/integration/dynamodb-contract.test.ts',
      title: 'gives the slot of a caller that has died to another one after its time, not before',
    },
  },
  {
    file: notifications,
    find: "            Item: { ...key, ...obligationAt(table, 'pending', key, dueAt), ...notification },\n            ConditionExpression: 'attribute_not_exists(pk)',\n",
    replace: "            Item: { ...key, ...obligationAt(table, 'pending', key, dueAt), ...notification },\n",
    what: 'DynamoDB: a number is given once',
    detectedBy: contract('writes a notification once and reads it as it was written'),
  },
  {
    file: endpointHealth,
    find: "'NOT #status IN (:requested, :active, :off)' : '#status = :seen'",
    replace: "'attribute_exists(#status) AND :requested <> :active AND :active <> :off' : ':seen <> :off'",
    what: 'DynamoDB: only a process that read the current status changes it',
    detectedBy: contract('saves endpoint health only if status and settings are as they were read'),
  },
  {
    file: endpointHealth,
    find: 'AND #status <> :off AND revision = :revision',
    replace: 'AND #status <> :off AND revision >= :revision',
    what: 'DynamoDB: only a process that read the current settings changes the status',
    detectedBy: contract('saves endpoint health only if status and settings are as they were read'),
  },
  {
    file: endpointHealth,
    find: "'#failingSince = :since'",
    replace: "'(#failingSince = :since OR attribute_exists(#status))'",
    what: 'DynamoDB: a repeated call does not end a later outage',
    detectedBy: contract(
      'counts each of several concurrent failures, while the subscription is active and as it was read',
    ),
  },
  {
    file: endpointHealth,
    find: "failures: '#failures + :one',",
    replace: "failures: ':one',",
    what: 'DynamoDB: failures of concurrent calls are each counted',
    detectedBy: contract(
      'counts each of several concurrent failures, while the subscription is active and as it was read',
    ),
  },
  {
    file: endpointHealth,
    find: 'AND retryAt = :retryAt AND revision = :revision',
    replace: 'AND retryAt >= :retryAt AND revision = :revision',
    what: 'DynamoDB: one process claims the probe',
    detectedBy: contract('lets one of several concurrent callers claim the probe'),
  },
  {
    file: subscriptions,
    find: "when: 'revision = :seen AND #status <> :off',",
    replace: "when: 'revision >= :seen AND #status <> :off',",
    what: 'DynamoDB: only a caller that read the current settings changes them',
    detectedBy: contract('changes settings only if they are as they were read, and keeps numbers and endpoint health'),
  },
  {
    file: subscriptions,
    find: "when: 'revision = :seen AND #status <> :off',",
    replace: "when: 'revision = :seen AND attribute_exists(#status) AND :off <> :seen',",
    what: 'DynamoDB: an ended subscription is not changed',
    detectedBy: contract('changes no subscription that is off or does not exist'),
  },
  {
    file: subscriptions,
    find: "when: 'attribute_exists(#subscription)',\n      names: { subscription: attributeOf(id) },\n      values:",
    replace: 'names: { subscription: attributeOf(id) },\n      values:',
    what: 'DynamoDB: an ended subscription is not listed again',
    detectedBy: contract('keeps a subscription off that was turned off while its settings were being changed'),
  },
  {
    file: sweep,
    find: "const isSettled = subscription.status === 'active' || subscription.status === 'error';",
    replace: 'const isSettled = true;',
    what: 'The sweeper completes what a crash between a subscription and its list has left',
  },
  {
    file: subscriptions,
    find: "if (listing === 'listed') return (await confirmListed(subscription)) ? 'listed' : 'changed';",
    replace: "if (listing === 'listed') return listing;",
    what: 'DynamoDB: a subscription is not listed after the sweeper has ended it',
    detectedBy: contract('does not list a subscription that was ended while its creation was paused'),
  },
  {
    file: subscriptions,
    find: "if (head.status !== 'off' && head.revision !== revision) await relist(head);",
    replace: 'break;',
    what: 'DynamoDB: the list has the last filter',
    detectedBy: contract('lists the later settings after two concurrent changes'),
  },
  {
    file: 'adapters/dynamodb/worklist.ts',
    find: "'attribute_not_exists(pk) OR #entry < :entry'",
    replace: "'attribute_not_exists(pk) OR #entry < :entry OR #entry >= :entry'",
    what: 'DynamoDB: an older entry does not overwrite a newer Task',
    detectedBy: contract('keeps the newer entry when an older one arrives late'),
  },
  {
    file: 'adapters/dynamodb/overview.ts',
    find: "'attribute_not_exists(pk) OR #entry < :entry'",
    replace: "'attribute_not_exists(pk) OR #entry < :entry OR #entry >= :entry'",
    what: 'DynamoDB: an older report does not overwrite newer readiness',
    detectedBy: contract('keeps the newer report when an older one arrives late or one is put twice'),
  },
  {
    file: 'adapters/dynamodb/call-slots.ts',
    find: 'isDue(ends, Date.parse(now), longestSlotMilliseconds);',
    replace: 'isDue(ends, Date.parse(now), longestSlotMilliseconds / 2);',
    what: 'DynamoDB: a slot of a caller whose clock is a little ahead is kept',
    detectedBy: contract('keeps the slot of a caller whose clock is a little ahead'),
  },
  {
    file: 'adapters/dynamodb/mission-lists.ts',
    find: '            ScanIndexForward: false,\n            Limit: limit,\n',
    replace: '            Limit: limit,\n',
    what: 'DynamoDB: the newest missions of a case number are read',
    detectedBy: contract('gives the newest missions of a case number, newest first'),
  },
  {
    file: 'adapters/dynamodb/obligations.ts',
    find: "'attribute_exists(obligation) AND NOT begins_with(obligation, :failed)'",
    replace: "'attribute_not_exists(obligation) OR NOT begins_with(obligation, :failed)'",
    what: 'DynamoDB: a postponement does not restore a completed obligation',
    detectedBy: contract('writes nothing when it postpones what was never pending'),
  },
];
