import type { Fault } from '../fault.ts';

/** What somebody could read, do or learn that is not theirs, and evidence that could be evaded. */
export const accessFaults: readonly Fault[] = [
  {
    harm: 'leaked',
    what: 'A party that had declined or was released read on what was sent later.',
    guard: {
      what: 'A role reads a message only while the mission concerns its party',
      file: 'core/mission/access-rules.ts',
      find: '  (knownMessageType(entry.event).readableBy.includes(role) && isConcerned(current, organisation));',
      replace: '  (knownMessageType(entry.event).readableBy.includes(role) && isParty(current, organisation));',
      test: { file: 'test/unit/core/queries/history-readers.test.ts', title: 'shows the entries $seen to the $who' },
    },
  },
  {
    harm: 'leaked',
    what: 'The answer for a mission of others differed from the answer for a mission that does not exist.',
    guard: {
      what: 'A mission of others and one that does not exist get the same answer',
      file: 'core/mission/preconditions.ts',
      find: "  return isVisible ? undefined : refuse('not-found', focusPath, 'there is no such mission, or it is not yours');",
      replace:
        "  return isVisible ? undefined : refuse(isInMission(proposal) ? 'forbidden-relation' : 'not-found', focusPath);",
      test: {
        file: 'test/unit/core/mission/permissions.test.ts',
        title: 'accepts a $event of a party of the role $role, and answers a non-party as if there were no mission',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A token that is bound to a key was accepted without a proof of that key.',
    guard: {
      what: 'A bound token needs a proof of its key',
      file: 'adapters/tokens/access-token.ts',
      find: '      ...(thumbprint === undefined ? {} : { thumbprint }),',
      replace: '      ...(thumbprint === undefined || thumbprint !== null ? {} : { thumbprint }),',
      test: { file: 'test/integration/authorize.test.ts', title: 'is refused without proof' },
    },
  },
  {
    harm: 'leaked',
    what: 'A recorded proof could be sent again.',
    guard: {
      what: 'A proof is used once',
      file: 'functions/authorize/handler.ts',
      find: '  if (isFirst) return spent;',
      replace: '  if (isFirst || !isFirst) return spent;',
      test: {
        file: 'test/unit/functions/authorize.test.ts',
        title: 'refuses a proof that was used, and does not count it against the client',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A unit under a parent that is not its own acted for another organisation: the issuer does not verify the child number.',
    guard: {
      what: 'A child number is known under its parent',
      file: 'adapters/party-directory.ts',
      find: "    if (!known.includes(parent)) return 'unknown-unit';\n",
      replace: '',
      test: { file: 'test/unit/adapters/party-directory.test.ts', title: 'refuses a call %s' },
    },
  },
  {
    harm: 'leaked',
    what: 'A supplier acted for an organisation that had not granted it.',
    guard: {
      what: 'A supplier is granted by the directory',
      file: 'adapters/party-directory.ts',
      find: "    return may ? asParty(party) : 'supplier-not-granted';",
      replace: "    return may || supplier !== undefined ? asParty(party) : 'supplier-not-granted';",
      test: { file: 'test/unit/adapters/party-directory.test.ts', title: 'refuses a call %s' },
    },
  },
  {
    harm: 'leaked',
    what: 'A page of another site read the tokens of a hub on a laptop, through a name that leads to this machine (DNS rebinding).',
    guard: {
      what: 'A hub on a laptop answers to its own names only',
      file: 'local/gateway/own-names.ts',
      find: '    if (ownNames.has(host)) return listener(request, response);',
      replace: '    if (ownNames.size > 0 || host !== null) return listener(request, response);',
      test: {
        file: 'test/integration/local/docs.test.ts',
        title: 'refuses a request for %s, whose name may resolve to this machine',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A national identity number in `X-Correlation-Id` went into the log and to all receivers.',
    guard: {
      what: 'A correlation id cannot hold the number of a person',
      file: 'functions/shared/http/correlation-id.ts',
      find: '].find((given) => given !== undefined && form.test(given) && !couldHoldPerson(given)) ??',
      replace: '].find((given) => given !== undefined && form.test(given) && (couldHoldPerson(given) || true)) ??',
      test: { file: 'test/unit/functions/correlation.test.ts', title: 'takes %s' },
    },
  },
  {
    harm: 'leaked',
    what: 'The name of an endpoint led to a private address when it was called, although it was public when it was checked.',
    guard: {
      what: 'A connection goes to an address that was checked',
      file: 'adapters/http/egress-guard.ts',
      find: '      if (first === undefined || !addresses.every(({ address }) => isPublic(address)))',
      replace:
        '      if (first === undefined || !addresses.some(({ address }) => isPublic(address) || address !== null))',
      test: { file: 'test/unit/adapters/http/egress-guard.test.ts', title: '%s' },
    },
  },
  {
    harm: 'leaked',
    what: 'An IPv6 address that carries a private IPv4 address was taken for a public one.',
    guard: {
      what: 'An interface identifier that holds an IPv4 address is not public',
      file: 'adapters/http/egress-guard.ts',
      find: "      return !blocked.ipv6.check(address, 'ipv6') && !isIsatap(address);",
      replace: "      return !blocked.ipv6.check(address, 'ipv6') && (isIsatap(address) || true);",
      test: { file: 'test/unit/adapters/http/egress-guard.test.ts', title: '%s' },
    },
  },
  {
    harm: 'leaked',
    what: 'An endpoint with a blank or a backslash was called at another address than the one that was read.',
    guard: {
      what: 'An endpoint has one reading',
      file: 'adapters/http/egress-guard.ts',
      find: "  if (unclear.test(endpoint)) return 'has a blank, a backslash, or a control or format character';\n",
      replace: '',
      test: { file: 'test/unit/adapters/http/egress-guard.test.ts', title: '%s' },
    },
  },
  {
    harm: 'leaked',
    what: 'A subscriber set a header that belongs to the hub or to the connection.',
    guard: {
      what: 'A subscriber cannot set the headers of the hub',
      file: 'adapters/http/channel.ts',
      find: "!value.includes('\\t') && !ownHeaders.test(name))",
      replace: "!value.includes('\\t') && (ownHeaders.test(name) || true))",
      test: { file: 'test/integration/channel.test.ts', title: 'are sent, but change no header that the hub sets' },
    },
  },
  {
    harm: 'leaked',
    what: 'After the rotation of a secret a receiver that still had the former one could not verify notifications.',
    guard: {
      what: 'During the overlap notifications are signed with both secrets',
      file: 'adapters/http/channel.ts',
      find: 'at < new Date(formerSecret.until) ? [formerSecret.secret] : [])]',
      replace: 'at > new Date(formerSecret.until) ? [formerSecret.secret] : [])]',
      test: {
        file: 'test/integration/channel.test.ts',
        title: 'verifies with either secret during a rotation, and with the new one alone after it',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A read whose record could not be written was answered.',
    guard: {
      what: 'A read is recorded before it is answered',
      file: 'functions/shared/http/record-access.ts',
      find: '  const record = await recordAccess(ports.accesses, access);',
      replace: '  const record = await recordAccess(ports.accesses, access).catch(() => undefined);',
      test: { file: 'test/unit/functions/read.test.ts', title: 'answers 503 if the read cannot be recorded' },
    },
  },
  {
    harm: 'leaked',
    what: 'A refused read left no record, so that nobody saw who tried.',
    guard: {
      what: 'A refused read is recorded',
      file: 'functions/shared/http/record-access.ts',
      find: '    missions: isRefused ? refusedOf(asked) : result.shows,',
      replace: '    missions: isRefused ? [] : result.shows,',
      test: { file: 'test/unit/functions/read.test.ts', title: 'answers 404 for %s, and records that' },
    },
  },
  {
    harm: 'leaked',
    what: 'An ended subscription was still called.',
    guard: 'An ended subscription is not called',
  },
  {
    harm: 'leaked',
    what: 'A partner sent a message that only the hub may write, and people were asked to phone somebody for nothing.',
    guard: {
      what: 'Only the hub sends its own messages',
      file: 'core/mission/preconditions.ts',
      find: '  type.senders.includes(sender.role)\n    ? undefined',
      replace: "  type.senders.includes(sender.role) || type.relation === 'hub'\n    ? undefined",
      test: {
        file: 'test/unit/core/mission/permissions.test.ts',
        title: 'refuses a $event of the role $role, with and without a mission and from party and non-party',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A party in a role that only a newer release knows saw persons and free text.',
    guard: {
      what: 'A role that is not known sees no person',
      file: 'core/mission/access-rules.ts',
      find: '=> !rolesSeeingPersons.includes(role);',
      replace: "=> rolesSeeingPersons.length > 0 && (role === 'observer' || role === 'quality');",
      test: {
        file: 'test/integration/newer-release.test.ts',
        title: 'accepts a party in an unknown role, and shows it no person',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A person who may write the state of the anchors named a begin of long ago, and a pass that read nothing was complete.',
    guard: {
      what: 'A pass of the anchors that began days ago begins again',
      file: 'core/audit/table-pass.ts',
      find: ' && Date.parse(open.from) > now - longestPassMilliseconds',
      replace: '',
      test: {
        file: 'test/unit/core/audit/anchor-chains.test.ts',
        title: 'begins a pass again whose begin is one %s',
      },
    },
  },
];
