/* global document, fetch, SwaggerUIBundle, URLSearchParams, window */

/** Swagger UI on the embedded host: a request is sent as one of the sample clients. */

const client = document.getElementById('client');
const statusLine = document.getElementById('status');

/** Tokens are requested here and not at the issuer's port, so that no other page can request them. */
const tokenAddress = '/docs/token';

const tokenOf = async (name) => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: name });
  const answer = await fetch(tokenAddress, { method: 'POST', body });
  return (await answer.json()).access_token;
};

/** The client that may send a message, by the organisation number of its sender. */
const senderOf = (body, clients) => {
  try {
    const number = JSON.parse(body).entry[0].resource.sender.identifier.value;
    return clients.find((one) => one.organisation === number)?.name;
  } catch {
    return undefined;
  }
};

/** The ids of Tasks in the examples are valid only if the mission has no other messages than the examples. */
const isOfOtherNumbers = ({ status, text }) => status === 422 && /"code":\s*"unknown-task"/.test(text ?? '');

/** The clients for the examples of reads, from the document. */
const readersOf = (document_) =>
  Object.entries(document_.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method,
      pattern: new RegExp(`${path.replace(/[$]/g, '\\$').replace(/\{\w+\}/g, '[^/]+')}$`),
      variables: path.split('{').length,
      name: operation['x-sample-client'],
    })),
  );

const start = async () => {
  const [{ clients, dataDir }, reference] = await Promise.all(
    ['/docs/hub.json', '/docs/openapi.json'].map(async (address) => (await fetch(address)).json()),
  );
  const readers = readersOf(reference).toSorted((one, other) => one.variables - other.variables);
  const tokenUrl = reference.components.securitySchemes.accessToken.flows.clientCredentials.tokenUrl;

  client.append(
    new window.Option('the client of the example', ''),
    ...clients.map(({ name }) => new window.Option(name)),
  );

  const exampleCaller = ({ url, method = 'GET', body }) => {
    const path = new window.URL(url, window.location.href).pathname;
    const reader = readers.find((one) => one.method === method.toLowerCase() && one.pattern.test(path));
    return senderOf(body, clients) || reader?.name;
  };

  window.ui = SwaggerUIBundle({
    spec: reference,
    domNode: document.getElementById('page'),
    presets: [SwaggerUIBundle.presets.apis],
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    validatorUrl: null,
    // Highlighting long examples takes several times as long as everything else.
    syntaxHighlight: { activated: false },
    requestInterceptor: async (request) => {
      if (request.url === tokenUrl) return { ...request, url: tokenAddress };
      const authorized = request.headers?.Authorization !== undefined;
      // A client that is chosen by name has precedence over "Authorize", and both over the client of the example.
      const name = client.value || (authorized ? undefined : exampleCaller(request));
      if (name === undefined) {
        statusLine.textContent = authorized ? 'Sent with the token of "Authorize"' : 'Sent without a token';
        return request;
      }
      statusLine.textContent = `Sent as ${name}`;
      return { ...request, headers: { ...request.headers, Authorization: `Bearer ${await tokenOf(name)}` } };
    },
    responseInterceptor: (response) => {
      if (isOfOtherNumbers(response))
        statusLine.textContent = `The examples fit a mission in which every party listened from its first message. Use the Task ids of the answers, or start again: stop the hub, delete ${dataDir}, start it, let every party listen.`;
      return response;
    },
  });
  const { scopes } = reference.components.securitySchemes.accessToken.flows.clientCredentials;
  window.ui.initOAuth({ clientId: 'amk-innlandet', clientSecret: 'none', scopes: Object.keys(scopes) });

  /** One client for each organisation of the directory. */
  const parties = async () => {
    const roles = 'local-amk,amk-la,operator,hospital,observer,quality';
    const answer = await fetch(`${reference.servers[0].url}/Organization?type=${roles}`, {
      headers: { Authorization: `Bearer ${await tokenOf('amk-innlandet')}` },
    });
    const known = ((await answer.json()).entry ?? []).map(({ resource }) => resource.id);
    return known.flatMap((id) => clients.find(({ organisation }) => organisation === id) ?? []);
  };

  const [{ url }] = reference.servers;
  const { _criteria, ...example } = reference.components.examples.subscribe.value;

  /** Creates the subscription of a party to this page once; updates it if it is not active. */
  const listensAs = async (name) => {
    const headers = { Authorization: `Bearer ${await tokenOf(name)}`, 'Content-Type': 'application/fhir+json' };
    const channel = { ...example.channel, endpoint: `${window.location.origin}/docs/inbox/${name}` };
    const listed = await (await fetch(`${url}/Subscription?_count=100`, { headers })).json();
    const own = (listed.entry ?? []).flatMap(({ resource }) =>
      resource.channel?.endpoint === channel.endpoint ? [resource] : [],
    );
    if (own.some(({ status }) => status === 'active')) return true;
    const body = { ...example, reason: 'Listens on the page of the API reference', channel };
    const [{ id } = {}] = own;
    const answer =
      id === undefined
        ? await fetch(`${url}/Subscription`, { method: 'POST', headers, body: JSON.stringify(body) })
        : await fetch(`${url}/Subscription/${id}`, { method: 'PUT', headers, body: JSON.stringify({ ...body, id }) });
    return answer.ok;
  };

  const button = document.getElementById('subscribe');
  const listen = async () => {
    // A second click must not create a second subscription.
    button.disabled = true;
    const answers = await Promise.all((await parties()).map(({ name }) => listensAs(name))).finally(() => {
      button.disabled = false;
    });
    statusLine.textContent = `${answers.filter(Boolean).length} parties listen`;
  };
  button.addEventListener('click', () => void listen());
};

void start();
