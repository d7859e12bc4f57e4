/** What a run on the emulator does not show. docs/deploying.md has the same list. */

const reasons: Readonly<Record<string, string>> = {
  'test/e2e/canary.test.ts': 'reads the files of the embedded host',
  'test/e2e/demo.test.ts': 'the demo starts a hub of its own',
  'test/e2e/faults.test.ts': 'stops the table and the queue of the embedded host',
  'test/e2e/kill.test.ts': 'ends the embedded host with kill -9',
  'test/e2e/slow-partner.test.ts': 'the emulator calls the function for one job at a time, whichever queue it is from',
};

/** Whether a file of end-to-end tests shows nothing on the emulator. */
export const isNotShown = (file: string): boolean => file in reasons;

/** A file of end-to-end tests with why it does not run on a deployed hub. */
export const whyNotRun = (file: string): string => `${file}: ${reasons[file] ?? 'starts a hub of its own'}`;

/** Seen with ministack 1.5.33. */
export const notShown: readonly string[] = [
  'Rights: it allows every function everything. The embedded host refuses what the policies do not allow.',
  'Dead letters of the queue: they would come after a thousand receives. The redrive policy itself is deployed.',
  'Concurrency: it calls the function for one job of the FIFO queues at a time, AWS for many groups at once. So the two lanes of delivery wait for each other there.',
  'Time to live, point-in-time recovery and the settings of asynchronous calls: its CloudFormation leaves them out.',
  'Alarms and metric filters: they are deployed, but never seen firing.',
  'Limits: bodies over 10 MB, the memory of a function and its processor (ARM).',
  'The loader: it does not find index.cjs as Lambda does, so its Node.js is configured for that extension.',
  'The first minute: the schedule begins up to a minute after the deployment, so the first sweep is called by the test.',
  'The firewall: dev has none; that of test and prod is deployed, but its connection to the API and its log are left out.',
  'Throttles and the log of requests: they are deployed, but no request is answered 429 and nothing is written.',
  'Access: it asks for no client certificate, and ignores the policy of a private API.',
  'The address: TLS, the name that API Gateway gives, and a domain name. The stack gets the address of the emulator as a parameter.',
  'Log lines of the authorizer lack the request id: its event has none.',
];
