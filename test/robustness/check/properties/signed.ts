import type { Property } from '../property.ts';

export const signed: Property = {
  name: 'signed',
  definition: 'Every request to a receiver has a signature with the secret of its subscription.',
  findings: (index) =>
    index
      .of('received')
      .filter(({ signature }) => signature === 'bad')
      .map((received) => ({ says: `${received.webhookId} has a wrong signature`, excerpt: [received] })),
};
