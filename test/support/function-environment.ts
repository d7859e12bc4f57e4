/** The environment of every function, as the stack sets it; tests override what they need. */
export const functionEnvironment = {
  TABLE_NAME: 'luftbro',
  PUBLIC_URL: 'https://hub.example/fhir',
  DELIVERY_QUEUE_URL: 'https://queues.example/deliveries.fifo',
  ENDPOINT_ALLOW_LIST: '',
  POWERTOOLS_METRICS_NAMESPACE: 'luftbro',
  TOKEN_ISSUER: 'https://issuer.example',
  TOKEN_AUDIENCE: 'luftbro',
  TOKEN_BINDING: 'required',
  PROOF_SECONDS_BACK: '60',
  PROOF_SECONDS_AHEAD: '10',
  BUDGET_SECONDS: '10',
  BUDGET_MESSAGES: '1000',
  BUDGET_REQUESTS: '1000',
  BUDGET_MISSIONS: '1000',
  BUDGET_MISSION_SECONDS: '60',
} as const;
