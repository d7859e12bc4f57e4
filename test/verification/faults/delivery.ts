import type { Fault } from '../fault.ts';

/** Notifications and alerts that were lost, late, doubled or false. */
export const deliveryFaults: readonly Fault[] = [
  {
    harm: 'late',
    what: 'A conditional write that the client library repeated closed a circuit that had opened again in between.',
    guard: 'Memory: a repeated call does not end a later outage',
  },
  {
    harm: 'twice',
    what: 'Two processes fanned one entry out at once, and only one list of notified subscriptions was kept. People were asked to phone a party that had the message.',
    guard: 'Memory: the result of a fan-out is stored once',
  },
  {
    harm: 'late',
    what: 'A call that a clock an hour ahead had planned was not made for an hour after the clock was right.',
    guard: 'A time from a clock that was ahead keeps no endpoint from being called',
  },
  {
    harm: 'late',
    what: 'Work that a clock an hour ahead had planned (a fan-out, a delivery, a deadline) waited until that time.',
    guard: 'Work that a clock that was ahead has planned is done when the clock is right',
  },
  {
    harm: 'late',
    what: 'Many heartbeats and deferred decisions, which are planned far ahead, hid work that a wrong clock had planned too late.',
    guard: {
      what: 'Fan-outs and deliveries that are planned too late are found behind any number of heartbeats',
      file: 'core/delivery/wrong-clocks.ts',
      find: '    ...surelyWrong.slice(0, mostMoved),\n',
      replace: '',
      test: {
        file: 'test/unit/core/delivery/wrong-clocks.test.ts',
        title: 'is delivered although %s was planned by a clock an hour ahead',
      },
    },
  },
  {
    harm: 'lost',
    what: 'If one subscription could not be numbered, the other subscriptions of the entry were not notified.',
    guard: {
      what: 'Each subscription of an entry is notified for itself',
      file: 'core/delivery/fan-out.ts',
      find: '  work.catch((failure: unknown) => ({ failure }));',
      replace: '  work;',
      test: {
        file: 'test/unit/core/delivery/fan-out-recovery.test.ts',
        title: 'notifies other subscriptions although one cannot be numbered now, and retries that one',
      },
    },
  },
  {
    harm: 'late',
    what: 'One dead partner, or a batch of obligations that fail, kept the sweeper from all others.',
    guard: 'An obligation that fails does not block others',
  },
  {
    harm: 'late',
    what: 'People were alerted late if an endpoint answered with a long `Retry-After`: only failed attempts were counted, not the time.',
    guard: {
      what: 'People are alerted if the next attempt is too far away',
      file: 'core/delivery/retry-policy.ts',
      find: 'nextAnswerAt - pendingSince(notification, endedAt) >= settings.warnAfter * 1000',
      replace: 'nextAnswerAt < 0',
      test: {
        file: 'test/unit/core/delivery/retry-policy.test.ts',
        title: 'asks for an alert once: after five failed attempts, or if the next answer comes after 30 seconds',
      },
    },
  },
  {
    harm: 'twice',
    what: 'People were asked to phone a party that had the message through another of its subscriptions.',
    guard: 'There is no alert if the party has the message through another subscription',
  },
  {
    harm: 'twice',
    what: 'While one of two endpoints of a party was dead, people were alerted before the other one could answer.',
    guard: {
      what: 'The alert waits while another subscription of the party is being tried',
      file: 'core/delivery/alert-people.ts',
      find: "  if (cause.code !== 'gave-up' && other === 'pending' && now - pendingSince(notification, now) < patience) return false;\n",
      replace: '',
      test: {
        file: 'test/unit/core/delivery/unreachable.test.ts',
        title: 'delays the alert, by less than a minute, while another subscription of the party may get the message',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A notification went to an endpoint that its subscriber had just changed.',
    guard: {
      what: 'After a change during a handshake nothing is sent to the former endpoint',
      file: 'core/delivery/circuit-breaker.ts',
      find: '  return handshaken === undefined ? soon : { answer, subscription: handshaken };',
      replace: "  return { answer, subscription: handshaken ?? { ...subscription, status: 'active' } };",
      test: {
        file: 'test/unit/core/delivery/circuit-breaker.test.ts',
        title: 'sends a handshake of its own for settings that were changed during a handshake',
      },
    },
  },
  {
    harm: 'twice',
    what: 'A subscription that was ended while its settings were being changed came back to the list.',
    guard: 'Memory: an ended subscription is not listed again',
  },
  {
    harm: 'lost',
    what: 'A number stood for no notification: the filter of a subscription was changed after it was numbered and before it was written.',
    guard: 'A subscription with a number for the entry is notified, even if its filter has changed',
  },
  {
    harm: 'late',
    what: 'A notification that waited behind one that was given up was tried for the full time again, and people were alerted one by one.',
    guard: 'A notification that waited behind one that was given up does not get the full time again',
  },
  {
    harm: 'lost',
    what: 'A job that the queue lost was never sent again.',
    guard: 'A retry that the queue lost is sent again',
  },
  {
    harm: 'lost',
    what: 'The receipt said failed, and the process crashed before people were alerted.',
    guard: 'People are alerted before the receipt says failed',
  },
  {
    harm: 'lost',
    what: 'A fan-out was marked complete before people were alerted of parties without a subscription; a crash in between lost the alert.',
    guard: 'People are alerted of unreachable parties before the fan-out is completed',
  },
  {
    harm: 'lost',
    what: 'Every public IPv4 endpoint was refused: an IPv6 network covered all of them.',
    guard: {
      what: 'IPv4 addresses are compared with IPv4 networks only',
      file: 'adapters/http/egress-guard.ts',
      find: "      return !blocked.ipv4.check(address, 'ipv4');",
      replace: "      return !blocked.ipv4.check(address, 'ipv4') && !blocked.ipv6.check(address, 'ipv4');",
      test: {
        file: 'test/unit/adapters/http/egress-guard.test.ts',
        title: 'accepts public addresses, also next to a special range',
      },
    },
  },
  {
    harm: 'down',
    what: 'An endpoint that answered 101 was waited for without end.',
    guard: {
      what: 'A connection that closes without an answer ends the call',
      file: 'adapters/http/channel.ts',
      find: "        resolve({ failure: 'connection' });\n",
      replace: '',
      test: { file: 'test/integration/channel.test.ts', title: 'fails with "connection" if it %s' },
    },
  },
  {
    harm: 'down',
    what: 'An endpoint whose answer did not end held a delivery.',
    guard: {
      what: 'A long answer is cut off',
      file: 'adapters/http/channel.ts',
      find: '    if (length > longestAnswer) response.destroy();',
      replace: '    if (length < 0) response.destroy();',
      test: { file: 'test/integration/channel.test.ts', title: 'is cut off if its body does not end' },
    },
  },
  {
    harm: 'late',
    what: 'A record of the queue that could not be read blocked the notifications behind it.',
    guard: {
      what: 'An unreadable queue record is taken out of its group',
      file: 'functions/deliver/handler.ts',
      find: '  if (job === undefined) return { done: true };',
      replace: '  if (job === undefined) return { done: false };',
      test: {
        file: 'test/unit/functions/deliver.test.ts',
        title: 'removes a record that is no job, and logs its id only',
      },
    },
  },
  {
    harm: 'down',
    what: 'A subscription whose storing was repeated by the client library was answered 500.',
    guard: {
      what: 'A repeated put that finds its own subscription is a success',
      file: 'adapters/dynamodb/subscriptions.ts',
      find: "              'attribute_not_exists(pk) OR (packed = :packed AND #status = :status AND dueAt = :dueAt)',",
      replace: "              'attribute_not_exists(pk) AND :packed <> :status AND #status <> :dueAt',",
      test: {
        file: 'test/integration/lost-answers.test.ts',
        title: 'creates a subscription whose first answer was lost once, and lists it for its organisation',
      },
    },
  },
  {
    harm: 'down',
    what: 'An organisation that created many subscriptions at the same time could have more than fifty: each is read with every message.',
    guard: {
      what: 'Memory: the limit of subscriptions holds for concurrent requests',
      file: 'test/memory/subscriptions.ts',
      find: "if (limits.most !== undefined && listedOf(organisation).length >= limits.most) return 'full';",
      replace: '',
      test: {
        file: 'test/unit/core/subscriptions/manage.test.ts',
        title: 'keeps to the limit if many are created at the same time, and to what a deletion leaves',
      },
    },
  },
  {
    harm: 'lost',
    what: 'A subscriber that lost the answer to `$rotate-secret` and repeated it got another secret, and the former one no longer signed.',
    guard: {
      what: 'A repeated rotation gets the same secret during the overlap',
      file: 'core/subscriptions/manage.ts',
      find: "const isRepeat = (seen: Subscription): boolean => seen.status !== 'off' && isInOverlap(seen);",
      replace: 'const isRepeat = (seen: Subscription): boolean => seen.status === null && isInOverlap(seen);',
      test: {
        file: 'test/unit/core/subscriptions/manage.test.ts',
        title: 'returns the same secret to a repeat with the version of before',
      },
    },
  },
  {
    harm: 'twice',
    what: 'A notification that was delivered already was sent again by a late job.',
    guard: 'A completed notification is not sent again',
  },
  {
    harm: 'misled',
    what: 'Notifications of a mission reached an endpoint in another order than the log, after the queue had lost one.',
    guard: 'An earlier pending notification of the mission is sent first',
  },
  {
    harm: 'down',
    what: 'Several processes probed one dead endpoint at once.',
    guard: 'A probe is claimed by one process',
  },
  {
    harm: 'late',
    what: 'People were not alerted of a second outage of a party that had sent nothing since the first: a hospital may only receive.',
    guard: {
      what: 'Each outage of a party is alerted',
      file: 'core/mission/preconditions.ts',
      find: '    undelivered?.outage === undefined &&\n',
      replace: '',
      test: {
        file: 'test/unit/core/delivery/warnings.test.ts',
        title: 'writes one alert per outage and mission, although the party sent nothing in between',
      },
    },
  },
  {
    harm: 'late',
    what: 'Calls that failed at the same time counted as one failure: each wrote the count that it had read. The circuit opened late.',
    guard: 'DynamoDB: failures of concurrent calls are each counted',
  },
  {
    harm: 'late',
    what: 'The notifications of a batch went out one after another, and one endpoint that did not answer delayed all others.',
    guard: {
      what: 'The groups of a batch run in parallel',
      file: 'functions/deliver/handler.ts',
      find: '    const stayed = await Promise.all([...groups.values()].map((group) => deliverGroup(group, deps)));\n',
      replace:
        '    const stayed: SQSRecord[][] = [];\n    for (const group of groups.values()) stayed.push([...(await deliverGroup(group, deps))]);\n',
      test: {
        file: 'test/unit/functions/deliver.test.ts',
        title: 'calls an endpoint while the one of another group does not answer',
      },
    },
  },
  {
    harm: 'late',
    what: 'A subscriber asked for a timeout of an hour, and each call of its silent endpoint held a worker for as long.',
    guard: {
      what: 'A subscriber asks for at most ten seconds',
      file: 'core/delivery/channel.ts',
      find: '  Math.min(timeout ?? longestCallSeconds, longestCallSeconds);',
      replace: '  timeout ?? longestCallSeconds;',
      test: {
        file: 'test/unit/core/delivery/channel.test.ts',
        title: 'an endpoint whose subscriber asks for %s seconds has %i',
      },
    },
  },
  {
    harm: 'late',
    what: 'A job that failed inside the hub stayed in the quick lane, and blocked the other missions of its group.',
    guard: {
      what: 'A job that fails inside the hub leaves the quick lane',
      file: 'core/delivery/quick-lane.ts',
      find: '    if (failure instanceof Unavailable) throw failure;\n    return job;\n',
      replace: '    throw failure;\n',
      test: {
        file: 'test/unit/core/delivery/quick-lane.test.ts',
        title: 'moves a job that fails inside the hub, so that it blocks no other mission of its group',
      },
    },
  },
  {
    harm: 'down',
    what: 'The slots of callers whose clock was a second ahead counted as free, and an endpoint got more calls at once than it may.',
    guard: 'DynamoDB: a slot of a caller whose clock is a little ahead is kept',
  },
  {
    harm: 'late',
    what: 'A job that ended its process was handed out again in the quick lane, and hid the other missions of its group for a minute each time.',
    guard: {
      what: 'A job that ends its process leaves the quick lane',
      file: 'core/delivery/quick-lane.ts',
      find: ' || receives > mostReceives) return job;',
      replace: ' || receives < mostReceives - mostReceives) return job;',
      test: {
        file: 'test/unit/core/delivery/quick-lane.test.ts',
        title: 'moves a job without running it, if processes were lost with it',
      },
    },
  },
];
