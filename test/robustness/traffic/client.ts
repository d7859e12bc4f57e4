import type { HistoryRecord, Outcome } from '../history.ts';
import { faultIn, parse, textIn } from './answers.ts';
import { type Client, organisationOf } from './parties.ts';
import type { Recorder } from './recorder.ts';

/** Where the hub and its token issuer are. */
export interface HubAddress {
  readonly url: string;
  readonly issuerUrl: string;
}

/** A client waits this many milliseconds for an answer; a hub that is paused for longer leaves the outcome unknown. */
const patience = 12_000;

export interface Answer {
  readonly start: number;
  readonly end: number;
  readonly client: Client;
  readonly organisation: string;
  readonly outcome: Outcome;
  readonly status?: number;
  readonly fault?: string;
  readonly text: string;
  readonly headers: Headers;
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const outcomeOf = (status: number): Outcome => {
  if (status >= 200 && status < 300) return 'ok';
  return status < 500 && ![408, 425, 429].includes(status) ? 'refused' : 'unknown';
};

/** The members of a record that every call has. */
export const calledAs = ({ start, end, client, organisation, outcome, status, fault }: Answer) => ({
  start,
  end,
  client,
  organisation,
  outcome,
  ...(status === undefined ? {} : { status }),
  ...(fault === undefined ? {} : { fault }),
});

export interface Caller {
  readonly call: (client: Client, request: Request) => Promise<Answer>;
  readonly recorder: Recorder;
  readonly write: (record: HistoryRecord) => void;
}

export const openCaller = ({ url, issuerUrl }: HubAddress, recorder: Recorder): Caller => {
  const tokens = new Map<Client, { readonly token: string; readonly until: number }>();

  const tokenOf = async (client: Client): Promise<string> => {
    const known = tokens.get(client);
    if (known !== undefined && performance.now() < known.until) return known.token;
    const answer = await fetch(`${issuerUrl}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client }),
      signal: AbortSignal.timeout(patience),
    });
    const token = textIn(await answer.json(), 'access_token');
    if (token === undefined) throw new Error('the issuer gave no token');
    // Tokens live for ten minutes.
    tokens.set(client, { token, until: performance.now() + 120_000 });
    return token;
  };

  const call = async (client: Client, { method, path, body, headers }: Request): Promise<Answer> => {
    const start = recorder.now();
    const asked = { start, client, organisation: organisationOf(client) };
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokenOf(client)}`,
          ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(patience),
      });
      const text = await response.text();
      const { status } = response;
      const fault = status < 400 ? undefined : faultIn(parse(text));
      return {
        ...asked,
        end: recorder.now(),
        outcome: outcomeOf(status),
        status,
        ...(fault === undefined ? {} : { fault }),
        text,
        headers: response.headers,
      };
    } catch {
      return { ...asked, end: recorder.now(), outcome: 'unknown', text: '', headers: new Headers() };
    }
  };
  return { call, recorder, write: recorder.write };
};
