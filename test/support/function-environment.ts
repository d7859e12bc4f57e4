/** The environment of every function, as the stack sets it; tests override what they need. */
export const functionEnvironment = {
  TABLE_NAME: 'luftbro',
  OBLIGATION_SHARDS_WRITTEN: '8',
  OBLIGATION_SHARDS_READ: '8',
  PUBLIC_URL: 'https://hub.example/fhir',
  DELIVERY_QUEUE_URL: 'https://queues.example/deliveries.fifo',
  ENDPOINT_ALLOW_LIST: '',
  ANCHOR_BUCKET: 'luftbro-anchors',
  POWERTOOLS_METRICS_NAMESPACE: 'luftbro',
  TOKEN_ISSUER: 'https://issuer.example',
  TOKEN_AUDIENCE: 'luftbro',
  TOKEN_BINDING: 'required',
  PROOF_SECONDS_BACK: '60',
  PROOF_SECONDS_AHEAD: '10',
  BUDGET_SECONDS: '10',
  BUDGET_MESSAGES: '1000',
  BUDGET_REQUESTS: '1000',
} as const;
