import type { Property } from '../property.ts';

export const signed: Property = {
  name: 'signed',
  definition: 'Every request for a subscription whose creation was answered has a signature with its secret.',
  findings: (index) =>
    index
      .of('received')
      .filter(({ signature }) => signature === 'bad')
      .map((received) => ({ says: `${received.webhookId} has a wrong signature`, excerpt: [received] })),
};
