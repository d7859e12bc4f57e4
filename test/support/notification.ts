import { z } from 'zod';

const bundleShape = z.object({
  entry: z.array(
    z.object({
      resource: z
        .looseObject({
          resourceType: z.string(),
          id: z.string().optional(),
          eventCoding: z.object({ code: z.string() }).optional(),
          parameter: z
            .array(
              z.looseObject({
                name: z.string(),
                valueCode: z.string().optional(),
                part: z.array(z.looseObject({ name: z.string(), valueString: z.string().optional() })).optional(),
              }),
            )
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** What a notification, or an answer of `$events`, says of itself: a receiver needs no more of it. */
export const readNotification = (text: string) => {
  const resources = bundleShape.parse(JSON.parse(text)).entry.flatMap(({ resource }) => resource ?? []);
  const parameters = resources[0]?.parameter ?? [];
  return {
    type: parameters.find(({ name }) => name === 'type')?.valueCode ?? '',
    /** `event-number` of each event, in order. */
    numbers: parameters
      .filter(({ name }) => name === 'notification-event')
      .flatMap(({ part }) => part?.find(({ name }) => name === 'event-number')?.valueString ?? [])
      .map(Number),
    /** The messages of the events, if the notification contains them. */
    headers: resources.filter(({ resourceType }) => resourceType === 'MessageHeader'),
  };
};
