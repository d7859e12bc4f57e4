/**
 * The guards against crashes, duplicates and races: `npm run simulate -- --guards` removes each in a copy of the sources
 * (guard-check.ts) and expects an invariant or a test to fail. docs/simulation.md lists them.
 */

export interface Guard {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What it ensures. */
  readonly what: string;
  /** What must fail without it; the simulation if absent. */
  readonly detectedBy?: 'contract' | 'unit tests';
}

const accept = 'core/mission/accept-message.ts';
const fanOut = 'core/delivery/fan-out.ts';
const deliver = 'core/delivery/deliver.ts';
const retryPolicy = 'core/delivery/retry-policy.ts';
const contact = 'core/delivery/circuit-breaker.ts';
const sweep = 'core/delivery/sweep.ts';
const retire = 'core/delivery/idle-missions.ts';
const memoryMissions = 'test/memory/mission-log.ts';
const memorySubscriptions = 'test/memory/subscriptions.ts';
const memoryHealth = 'test/memory/endpoint-health.ts';
const memoryNumbers = 'test/memory/event-numbers.ts';
const memoryNotifications = 'test/memory/notifications.ts';
const memoryWorklist = 'test/memory/worklist.ts';
const missionLog = 'adapters/dynamodb/mission-log.ts';
const subscriptions = 'adapters/dynamodb/subscriptions.ts';
const endpointHealth = 'adapters/dynamodb/endpoint-health.ts';
const eventNumbers = 'adapters/dynamodb/event-numbers.ts';
const notifications = 'adapters/dynamodb/notifications.ts';

export const guards: readonly Guard[] = [
  {
    file: accept,
    find: 'if (before !== undefined) return before;',
    replace: '',
    what: 'A message that was sent before gets its first answer',
  },
  {
    file: accept,
    find: 'return first.digest === message.digest\n',
    replace: 'return first.digest !== undefined\n',
    what: 'The same id with another content is refused',
  },
  {
    file: accept,
    find: 'last?.fanOutPending === true ? last.pendingFrom : number',
    replace: 'number',
    what: 'An entry names the earliest that may still owe',
  },
  {
    file: accept,
    find: "if (appended === 'appended')",
    replace: 'if (appended)',
    what: 'Who loses the race for a number reads and decides again',
  },
  {
    file: fanOut,
    find: 'if (entry.pendingFrom < entry.number) {',
    replace: 'if (entry.number < 0) {',
    what: 'Debts of earlier entries are paid first',
  },
  {
    file: fanOut,
    find: 'if (failed !== undefined) throw failed.reason;',
    replace: '',
    what: 'For those who could not be told the debt stays',
  },
  {
    file: fanOut,
    find: 'const others = begunBefore ? subscribers.filter(',
    replace: 'const others = begunBefore === undefined ? subscribers.filter(',
    what: 'Who was numbered is told, though its filter has changed since',
  },
  {
    file: fanOut,
    find: '  const warnings = await warnOfUnreachable(ports, entry, subscribers, unnumbered);\n  await ports.missions.completeFanOut(entry.mission, entry.number, {\n    notified,\n    withoutSubscription,\n    ...fanOutResultOf(entry, ports.now()),\n  });\n',
    replace:
      '  await ports.missions.completeFanOut(entry.mission, entry.number, {\n    notified,\n    withoutSubscription,\n    ...fanOutResultOf(entry, ports.now()),\n  });\n  const warnings = await warnOfUnreachable(ports, entry, subscribers, unnumbered);\n',
    what: 'People are told of the unreachable before the debt is cleared',
  },
  {
    file: fanOut,
    find: '    project(ports, entry),\n  ]);',
    replace: '    void project(ports, entry).catch(() => {}),\n  ]);',
    what: 'Deadlines are noted before the debt is cleared',
  },
  {
    file: deliver,
    find: "while (previous?.status === 'pending') {",
    replace: 'while (previous === null) {',
    what: 'What is owed before goes first',
  },
  {
    file: deliver,
    find: "if (found.subscription === undefined || found.notification?.status !== 'pending') return settled;",
    replace: 'if (found.subscription === undefined || found.notification === undefined) return settled;',
    what: 'What is settled is not sent again',
  },
  {
    file: deliver,
    find: "if (subscription.status === 'off') return { turn: { answer: { failure: 'off' } }, subscription };",
    replace: '',
    what: 'A subscription that has ended is not called',
  },
  {
    file: deliver,
    find: "if (attempt.status === 'failed') await alertPeople({ code: 'gave-up', lastAnswer }, due, attempt, ports);",
    replace:
      "if (attempt.status === 'failed') { await ports.subscriptions.record(subscription.id, notification.number, attempt); await alertPeople({ code: 'gave-up', lastAnswer }, due, attempt, ports); }",
    what: 'People are told before the receipt says that the hub has given up',
  },
  {
    file: retryPolicy,
    find: '|| now - since >= settings.tryFor * 1000)',
    replace: ')',
    what: 'The hub gives up after a time',
  },
  {
    file: retryPolicy,
    find: "if (before?.status !== 'failed' || before.firstTriedAt === undefined) return now;",
    replace: 'return now;',
    what: 'What waited behind a notification that was given up is not tried anew for as long',
  },
  {
    file: retryPolicy,
    find: 'const dueAt = new Date(now + wait * 1000 + lostAfterMilliseconds).toISOString();',
    replace: "const dueAt = '2099-01-01T00:00:00.000Z';",
    what: 'A retry that the queue has lost is looked after',
  },
  {
    file: deliver,
    find: "if (elsewhere.some(({ status }) => status === 'delivered')) return 'reached';",
    replace: '',
    what: 'Nobody is phoned who has the message through another subscription',
  },
  {
    file: contact,
    find: 'if (Date.parse(retryAt) > now) return { open: true, retryAt };',
    replace: '',
    what: 'An open circuit is not probed before its time',
  },
  {
    file: contact,
    find: 'if (!(await ports.endpointHealth.claimProbe(subscription, until))) return soon;',
    replace: '',
    what: 'A probe is claimed',
  },
  {
    file: contact,
    find: 'if (seen.failures < circuit.opensAfter && (answer.retryAfter ?? 0) <= circuit.patience)',
    replace: 'if (seen !== null)',
    what: 'A circuit opens',
  },
  {
    file: contact,
    find: "{ status: 'error', ...seen, error, retryAt, dueAt: retryAt }",
    replace: "{ status: 'error', ...seen, error, retryAt }",
    what: 'A probe of an open circuit is owed',
  },
  {
    file: sweep,
    find: '|| Date.parse(deadline) > ports.now()) return;',
    replace: ') return;',
    what: 'A deadline that was moved is not told too early',
  },
  {
    file: sweep,
    find: '      await ports.obligations.postpone(obligation, new Date(ports.now() + retryMilliseconds).toISOString());\n',
    replace: '',
    what: 'What cannot be paid makes room for others',
    detectedBy: 'unit tests',
  },
  {
    file: 'core/mission/transitions.ts',
    find: "(facts.answer === 'overdue' && deadlineOf(task) !== facts.deadline)",
    replace: 'false',
    what: 'A deadline that stands no more is not told',
  },
  {
    file: 'core/mission/hub-message-bundle.ts',
    find: 'const id = uuidOf(alert.event, mission, ...alert.identity);',
    replace: 'const id = uuidOf(alert.event, mission, ...alert.identity, String(Math.random()));',
    what: 'The id of what the hub says follows from what it is about',
  },
  {
    file: 'core/mission/preconditions.ts',
    find: "before.unreachable?.[undelivered?.organisation ?? ''] !== undefined;",
    replace: 'undelivered === null;',
    what: 'People are told once that a party is unreachable',
    detectedBy: 'unit tests',
  },
  {
    file: retire,
    find: 'if (now < restsAt) return restsAt;',
    replace: '',
    what: 'A mission in which something was said is not forgotten before it has rested',
    detectedBy: 'unit tests',
  },
  {
    file: retire,
    find: "if (notifications.some(({ status }) => status === 'pending')) return 'pending';",
    replace: '',
    what: 'A mission is not forgotten while somebody is not told of it yet',
    detectedBy: 'unit tests',
  },
  {
    file: retire,
    find: 'entry < last.activeSince',
    replace: 'entry < 0',
    what: 'A mission that awoke is seen to by the entry that woke it alone',
    detectedBy: 'unit tests',
  },
  {
    file: retire,
    find: ', ...subscribers.map(({ id }) => id)]);',
    replace: ']);',
    what: 'A mission leaves the head of a subscription too whose number nobody lived to note',
    detectedBy: 'unit tests',
  },
  {
    file: retire,
    find: '!last.fanOutPending && ',
    replace: '',
    what: 'A mission is not forgotten while it owes',
  },
  {
    file: fanOut,
    find: 'completeEntry(ports, debt, true, asOf)',
    replace: 'completeEntry(ports, debt, true, ports.now())',
    what: 'Who helps to pay an earlier debt is held up no less than with its own',
  },
  {
    file: fanOut,
    find: 'if (forgotThrough <= ports.now() ',
    replace: 'if (forgotThrough === 0 ',
    what: 'Who was held up is refused a number, and nobody else',
  },
  {
    file: memoryNumbers,
    find: 'if (last === undefined && (head.forgotThrough ?? 0) >= knownSince)\n        return { forgotThrough: head.forgotThrough ?? 0 };',
    replace: '',
    what: 'Memory: who was held up since before a mission was forgotten numbers nothing anew',
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
    what: 'Memory: who was told is noted once',
  },
  {
    file: memoryNumbers,
    find: "if (last !== undefined && last.entry > entry) return 'passed';",
    replace: '',
    what: 'Memory: an entry is not numbered after a later one',
  },
  {
    file: memoryNumbers,
    find: 'last?.entry === entry\n          ? last',
    replace: 'last?.entry === -1\n          ? last',
    what: 'Memory: an entry is numbered once',
  },
  {
    file: memoryNotifications,
    find: 'if (!items.has(key))',
    replace: 'if (key)',
    what: 'Memory: a notification is written once',
  },
  {
    file: memoryNotifications,
    find: "if (item === undefined || item.notification.status !== 'pending') return;",
    replace: 'if (item === undefined) return;',
    what: 'Memory: a late duplicate undoes no receipt',
  },
  {
    file: memoryHealth,
    find: '        subscription.status !== seen.status ||\n',
    replace: '',
    what: 'Memory: who saw another status does not change it',
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
    what: 'Memory: who saw other settings does not change the status',
  },
  {
    file: memoryHealth,
    find: 'subscription.revision !== seen.revision ||\n        subscription.failingSince !== seen.failingSince\n',
    replace: 'subscription.revision !== seen.revision\n',
    what: 'Memory: a call that is repeated ends no other outage',
    detectedBy: 'unit tests',
  },
  {
    file: memoryHealth,
    find: 'if (retryAt === undefined || subscription.retryAt !== retryAt) return false;',
    replace: '',
    what: 'Memory: one takes the probe',
  },
  {
    file: memorySubscriptions,
    find: "if (head?.status === 'off') enlisted.delete(id);",
    replace: "if (head?.status === 'off') return;",
    what: 'Memory: who ended is not enlisted again',
  },
  {
    file: memorySubscriptions,
    find: 'else if (head !== undefined && head.revision !== revision) await enlist(head);',
    replace: '',
    what: 'Memory: the list holds the last filter',
  },
  {
    file: memoryNotifications,
    find: 'if (item?.deadSince === undefined) return false;\n      const { firstTriedAt',
    replace: 'if (item === undefined) return false;\n      const { firstTriedAt',
    what: 'Memory: a dead letter is redriven once',
  },
  {
    file: memoryWorklist,
    find: 'if (known !== undefined && known.entry >= state.version) return;',
    replace: '',
    what: 'Memory: an older entry overwrites no newer Task',
  },

  {
    file: missionLog,
    find: "client.send(new PutCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' })),",
    replace: 'client.send(new PutCommand({ TableName, Item: item })),',
    what: 'DynamoDB: an entry is appended once',
    detectedBy: 'contract',
  },
  {
    file: missionLog,
    find: 'if (packed.length > (entry.sender',
    replace: 'if (packed.length < 0 && packed.length > (entry.sender',
    what: 'DynamoDB: an entry that is too large is refused',
    detectedBy: 'contract',
  },
  {
    file: missionLog,
    find: "'attribute_exists(obligation) AND obligation <> :over'",
    replace: "'attribute_exists(pk) AND pk <> :over'",
    what: 'DynamoDB: who was told is noted once',
    detectedBy: 'contract',
  },
  {
    file: eventNumbers,
    find: 'seqOf.#mission < :entry OR',
    replace: '(attribute_exists(seqOf.#mission) AND :entry > :none) OR',
    what: 'DynamoDB: an entry is numbered once and in order',
    detectedBy: 'contract',
  },
  {
    file: notifications,
    find: "            Item: { ...key, ...owed(key, dueAt), ...notification },\n            ConditionExpression: 'attribute_not_exists(pk)',\n",
    replace: '            Item: { ...key, ...owed(key, dueAt), ...notification },\n',
    what: 'DynamoDB: a notification is written once',
    detectedBy: 'contract',
  },
  {
    file: endpointHealth,
    find: "'NOT #status IN (:requested, :active, :off)' : '#status = :seen'",
    replace: "'attribute_exists(#status) AND :requested <> :active AND :active <> :off' : ':seen <> :off'",
    what: 'DynamoDB: who saw another status does not change it',
    detectedBy: 'contract',
  },
  {
    file: endpointHealth,
    find: 'AND #status <> :off AND revision = :revision',
    replace: 'AND #status <> :off AND revision >= :revision',
    what: 'DynamoDB: who saw other settings does not change the status',
    detectedBy: 'contract',
  },
  {
    file: endpointHealth,
    find: "'#failingSince = :since'",
    replace: "'(#failingSince = :since OR attribute_exists(#status))'",
    what: 'DynamoDB: a call that is repeated ends no other outage',
    detectedBy: 'contract',
  },
  {
    file: endpointHealth,
    find: 'AND retryAt = :retryAt AND revision = :revision',
    replace: 'AND retryAt >= :retryAt AND revision = :revision',
    what: 'DynamoDB: one takes the probe',
    detectedBy: 'contract',
  },
  {
    file: subscriptions,
    find: "when: 'revision = :seen AND #status <> :off',",
    replace: "when: 'revision >= :seen AND #status <> :off',",
    what: 'DynamoDB: settings that somebody changed are not changed unseen',
    detectedBy: 'contract',
  },
  {
    file: subscriptions,
    find: "when: 'revision = :seen AND #status <> :off',",
    replace: "when: 'revision = :seen AND attribute_exists(#status) AND :off <> :seen',",
    what: 'DynamoDB: what has ended is not changed',
    detectedBy: 'contract',
  },
  {
    file: subscriptions,
    find: "      if (head.status === 'off') await delist(head);\n      else if (head.revision",
    replace: '      if (head.revision',
    what: 'DynamoDB: who ended is not enlisted again',
    detectedBy: 'contract',
  },
  {
    file: subscriptions,
    find: 'else if (head.revision !== revision) await enlist(head);',
    replace: '',
    what: 'DynamoDB: the list holds the last filter',
    detectedBy: 'contract',
  },
  {
    file: 'adapters/dynamodb/worklist.ts',
    find: "'attribute_not_exists(pk) OR #entry < :entry'",
    replace: "'attribute_not_exists(pk) OR #entry < :entry OR #entry >= :entry'",
    what: 'DynamoDB: an older entry overwrites no newer Task',
    detectedBy: 'contract',
  },
  {
    file: 'adapters/dynamodb/overview.ts',
    find: "'attribute_not_exists(pk) OR #entry < :entry'",
    replace: "'attribute_not_exists(pk) OR #entry < :entry OR #entry >= :entry'",
    what: 'DynamoDB: an older report overwrites no newer readiness',
    detectedBy: 'contract',
  },
  {
    file: 'adapters/dynamodb/obligations.ts',
    find: "'attribute_exists(obligation) AND NOT obligation IN (:over, :failed)'",
    replace: "'NOT obligation IN (:over, :failed)'",
    what: 'DynamoDB: what is paid is not owed again by a postponement',
    detectedBy: 'contract',
  },
  {
    file: eventNumbers,
    find: 'OR forgotThrough < :knownSince',
    replace: 'OR forgotThrough <> :knownSince',
    what: 'DynamoDB: who was held up since before a mission was forgotten numbers nothing anew',
    detectedBy: 'contract',
  },
  {
    file: 'adapters/dynamodb/idle-missions.ts',
    find: 'OR seqOf.#mission <= :entry)',
    replace: 'OR seqOf.#mission <= :entry OR seqOf.#mission > :entry)',
    what: 'DynamoDB: a mission that went on is not forgotten',
    detectedBy: 'contract',
  },
];
