import type { Answer, Channel } from '../../core/delivery/channel.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';

export interface Posted {
  readonly subscription: Subscription;
  readonly webhookId: string;
  readonly body: string;
  /** That the endpoint has for its answer. */
  readonly seconds: number;
}

export interface StubChannel extends Channel {
  /** Everything that was posted, in order. */
  readonly posts: readonly Posted[];
  /** The `webhook-id` of everything that was posted. */
  ids(): readonly string[];
  /** What endpoints answer from now on. */
  answer(how: (posted: Posted) => Answer): void;
}

/** Endpoints in memory: they answer 200 unless `answer` sets another answer. */
export const stubChannel = (): StubChannel => {
  const posts: Posted[] = [];
  let answerTo: (posted: Posted) => Answer = () => ({ status: 200 });
  return {
    posts,
    ids: () => posts.map(({ webhookId }) => webhookId),
    answer: (how) => {
      answerTo = how;
    },
    post: async (subscription, { webhookId, body, seconds }) => {
      const posted = { subscription: structuredClone(subscription), webhookId, body, seconds };
      posts.push(posted);
      return answerTo(posted);
    },
  };
};
