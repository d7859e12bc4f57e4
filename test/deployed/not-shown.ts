/** What a run on the emulator leaves open; docs/deploying.md has the same list. */

const reasons: Readonly<Record<string, string>> = {
  'test/e2e/canary.test.ts': 'looks into what the embedded host leaves behind',
  'test/e2e/demo.test.ts': 'the demo starts a hub of its own',
  'test/e2e/faults.test.ts': 'takes table and queue away from the embedded host',
  'test/e2e/kill.test.ts': 'ends the embedded host with kill -9',
};

/** A file of end-to-end tests with why it says nothing of a deployed hub. */
export const whyNotRun = (file: string): string => `${file}: ${reasons[file] ?? 'starts a hub of its own'}`;

/** Seen with ministack 1.5.33. */
export const notShown: readonly string[] = [
  'Rights: it lets every function do everything. The embedded host refuses what the policies do not allow.',
  'Dead letters of the queue: they would come after a thousand receives. The redrive policy itself is deployed.',
  'Missions side by side: it calls the function for one order of the FIFO queue at a time, AWS for many groups at once.',
  'Time to live, point-in-time recovery and the settings of asynchronous calls: its CloudFormation leaves them out.',
  'Alarms and metric filters: they are deployed, and nobody sees them ring.',
  'Limits: bodies over 10 MB, the memory of a function and its processor (ARM).',
  'The loader: it does not find index.cjs as Lambda does, so its Node.js is told of that extension.',
  'The first minute: the schedule begins up to a minute after the deployment, so the first sweep is called by the test.',
  'The firewall: dev has none; that of test and prod is deployed, but its connection to the API and its log are left out.',
  'Throttles and the log of requests: they are deployed, nobody is answered 429, and nothing is written.',
  'Ways in: it asks for no client certificate, and does not look at the policy of a private API.',
  'The address: TLS, the name that API Gateway gives, and a domain name. The stack is told the one of the emulator.',
  'Log lines of the authorizer lack the request id: its event has none.',
];
