/* global document, fetch, SwaggerUIBundle, URLSearchParams, window */

/** Swagger UI on the embedded host: whoever tries an example is one of the sample clients. */

const client = document.getElementById('client');
const said = document.getElementById('said');

/** The issuer listens on another port; its tokens are asked for here, so that no other page can ask for them. */
const tokenAddress = '/docs/token';

const tokenOf = async (name) => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: name });
  const answer = await fetch(tokenAddress, { method: 'POST', body });
  return (await answer.json()).access_token;
};

/** By the organisation number of who sends it, the client that may send a message. */
const senderOf = (body, clients) => {
  try {
    const number = JSON.parse(body).entry[0].resource.sender.identifier.value;
    return clients.find((one) => one.organisation === number)?.name;
  } catch {
    return undefined;
  }
};

/** Those that the examples of reads work for stand in the document. */
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
  const [clients, reference] = await Promise.all(
    ['/docs/clients.json', '/docs/openapi.json'].map(async (address) => (await fetch(address)).json()),
  );
  const readers = readersOf(reference).toSorted((one, other) => one.variables - other.variables);
  const tokenUrl = reference.components.securitySchemes.accessToken.flows.clientCredentials.tokenUrl;

  client.append(
    new window.Option('whom the example is for', ''),
    ...clients.map(({ name }) => new window.Option(name)),
  );

  const callerOf = ({ url, method = 'GET', body }) => {
    const path = new window.URL(url, window.location.href).pathname;
    const reader = readers.find((one) => one.method === method.toLowerCase() && one.pattern.test(path));
    return client.value || senderOf(body, clients) || reader?.name;
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
    // The colours of long examples take several times as long as all the rest.
    syntaxHighlight: { activated: false },
    requestInterceptor: async (request) => {
      if (request.url === tokenUrl) return { ...request, url: tokenAddress };
      if (request.headers?.Authorization !== undefined) return request;
      const name = callerOf(request);
      if (name === undefined) return request;
      said.textContent = `Asked as ${name}`;
      return { ...request, headers: { ...request.headers, Authorization: `Bearer ${await tokenOf(name)}` } };
    },
  });
  const { scopes } = reference.components.securitySchemes.accessToken.flows.clientCredentials;
  window.ui.initOAuth({ clientId: 'amk-innlandet', clientSecret: 'none', scopes: Object.keys(scopes) });

  /** Clients of the organisations that the directory knows, one for each. */
  const parties = async () => {
    const roles = 'local-amk,amk-la,operator,hospital,observer,quality';
    const answer = await fetch(`${reference.servers[0].url}/Organization?type=${roles}`, {
      headers: { Authorization: `Bearer ${await tokenOf('amk-innlandet')}` },
    });
    const known = ((await answer.json()).entry ?? []).map(({ resource }) => resource.id);
    return known.flatMap((id) => clients.find(({ organisation }) => organisation === id) ?? []);
  };

  const listen = async () => {
    const [{ url }] = reference.servers;
    const { value } = reference.components.examples.subscribe;
    const answers = await Promise.all(
      (await parties()).map(async ({ name }) => {
        const channel = { ...value.channel, endpoint: `${window.location.origin}/docs/inbox/${name}` };
        const { _criteria, ...all } = value;
        return fetch(`${url}/Subscription`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${await tokenOf(name)}`, 'Content-Type': 'application/fhir+json' },
          body: JSON.stringify({ ...all, reason: 'Listens on the page of the API reference', channel }),
        });
      }),
    );
    said.textContent = `${answers.filter(({ ok }) => ok).length} parties listen`;
  };
  document.getElementById('subscribe').addEventListener('click', () => void listen());
};

void start();
