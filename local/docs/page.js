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

/** The ids of Tasks in the examples fit if nothing but the examples took a number in the mission. */
const isOfOtherNumbers = ({ status, text }) => status === 422 && /"code":\s*"unknown-task"/.test(text ?? '');

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
  const [{ clients, dataDir }, reference] = await Promise.all(
    ['/docs/hub.json', '/docs/openapi.json'].map(async (address) => (await fetch(address)).json()),
  );
  const readers = readersOf(reference).toSorted((one, other) => one.variables - other.variables);
  const tokenUrl = reference.components.securitySchemes.accessToken.flows.clientCredentials.tokenUrl;

  client.append(
    new window.Option('whom the example is for', ''),
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
    // The colours of long examples take several times as long as all the rest.
    syntaxHighlight: { activated: false },
    requestInterceptor: async (request) => {
      if (request.url === tokenUrl) return { ...request, url: tokenAddress };
      const authorized = request.headers?.Authorization !== undefined;
      // Who was chosen by name comes before who pressed "Authorize", and both before whom the example is for.
      const name = client.value || (authorized ? undefined : exampleCaller(request));
      if (name === undefined) {
        said.textContent = authorized ? 'Asked with the token of "Authorize"' : 'Asked without a token';
        return request;
      }
      said.textContent = `Asked as ${name}`;
      return { ...request, headers: { ...request.headers, Authorization: `Bearer ${await tokenOf(name)}` } };
    },
    responseInterceptor: (response) => {
      if (isOfOtherNumbers(response))
        said.textContent = `The examples fit a mission in which every party listened from its first message. Take the Task's id from the answers, or begin anew: stop the hub, delete ${dataDir}, start it, let every party listen.`;
      return response;
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

  const [{ url }] = reference.servers;
  const { _criteria, ...example } = reference.components.examples.subscribe.value;

  /** The one subscription with which a party listens here is made once, and woken if its endpoint was not there. */
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
    // Who presses twice does not want two of each.
    button.disabled = true;
    const answers = await Promise.all((await parties()).map(({ name }) => listensAs(name))).finally(() => {
      button.disabled = false;
    });
    said.textContent = `${answers.filter(Boolean).length} parties listen`;
  };
  button.addEventListener('click', () => void listen());
};

void start();
