import { messageFrom } from './messages.ts';
import type { Partner } from './partner.ts';
import { bold, heading, dim, green, say } from './timeline.ts';

/** The second mission of `partner/examples/`, step by step: each message is sent when every party was notified of the one before. */

/** The parties of the mission, each with its own system. */
export const castOf = (partner: (name: string, client: string) => Partner) => ({
  amk: partner('AMK Innlandet', 'amk-innlandet'),
  oslo: partner('AMK LA Oslo', 'amk-la-oslo'),
  trondheim: partner('AMK LA Trondheim', 'amk-la-trondheim'),
  orland: partner('Ørland', 'operator-rescue-orland'),
  nordvik: partner('Nordvik', 'operator-rescue-nordvik'),
  hospital: partner('St. Olav', 'hospital-st-olav'),
  quality: partner('Quality register', 'quality-register'),
});

type Cast = ReturnType<typeof castOf>;
type Who = keyof Cast;

const since = (before: number): string => `${Math.round(performance.now() - before)} ms`;

interface Step {
  readonly who: Who;
  /** File in `partner/examples/`. */
  readonly example: string;
  /** What `who` does, for the reader of the output. */
  readonly does: string;
  /** The parties that must be notified; no others may be. */
  readonly notifies: readonly Who[];
}

interface Part {
  readonly title: string;
  readonly steps: readonly Step[];
}

const step = (who: Who, does: string, example: string, ...notifies: readonly Who[]): Step => ({
  who,
  example,
  does,
  notifies,
});

const parts: readonly Part[] = [
  {
    title:
      'A bus has left a mountain road in a snowstorm. The request names no AMK LA: the hub finds it by municipality',
    steps: [
      step('amk', 'asks for a helicopter', 'second-mission-request', 'oslo'),
      step('oslo', 'has seen it (a person, not a machine)', 'second-mission-acknowledgement', 'amk'),
    ],
  },
  {
    title: 'Rejected for a medical reason: the log keeps who decided, in which role, on what, and why',
    steps: [
      step('oslo', 'writes down a physician’s assessment: not indicated', 'medical-assessment', 'amk'),
      step('oslo', 'rejects: the ambulance on scene can manage', 'second-mission-rejection', 'amk', 'quality'),
    ],
  },
  {
    title: 'The patient gets worse. The crew on scene disputes the rejection; another person must decide',
    steps: [
      step('amk', 'asks for a review, with reasons and new observations', 'review-request', 'oslo', 'quality'),
      step('oslo', 'has seen it', 'second-mission-review-acknowledgement', 'amk'),
      step('oslo', 'accepts: another physician', 'second-mission-review-decision', 'amk', 'quality'),
    ],
  },
  {
    title: 'The helicopter that can fly in this weather is in another region: the whole mission moves there',
    steps: [
      step('oslo', 'forwards the mission to Trondheim', 'mission-forward', 'amk', 'trondheim', 'quality'),
      step('trondheim', 'has taken over', 'second-mission-forward-acknowledgement', 'oslo', 'amk'),
    ],
  },
  {
    title: 'A rescue helicopter accepts, and is withdrawn for search and rescue. Another is asked, by its call sign',
    steps: [
      step('trondheim', 'asks for REDNING 21', 'second-mission-resource-request', 'orland'),
      step('orland', 'accepts, with ETA', 'second-mission-resource-response', 'trondheim', 'amk', 'quality'),
      step('orland', 'withdraws: a boat is adrift', 'second-mission-withdrawal', 'trondheim', 'amk', 'quality'),
      step('trondheim', 'asks for REDNING 33', 'second-mission-next-resource-request', 'nordvik'),
      step('nordvik', 'accepts, with ETA', 'second-mission-next-resource-response', 'trondheim', 'amk', 'quality'),
      step('nordvik', 'is airborne', 'second-mission-departed', 'amk', 'trondheim'),
    ],
  },
  {
    title: 'The hospital is warned, and the patient is handed over',
    steps: [
      step(
        'nordvik',
        'warns the hospital, while treating (ATMISTER)',
        'second-mission-prearrival-notification',
        'hospital',
        'trondheim',
      ),
      step('hospital', 'is ready', 'second-mission-prearrival-response', 'nordvik', 'trondheim'),
      step(
        'nordvik',
        'hands over; the mission is completed',
        'second-mission-handed-over',
        'amk',
        'trondheim',
        'hospital',
      ),
    ],
  },
  {
    title: 'What was done, and whether it was the right help. The quality register gets it de-identified',
    steps: [
      step('nordvik', 'reports: phases, NACA, treatment', 'mission-report', 'trondheim', 'quality'),
      step('hospital', 'reports back: help was needed earlier', 'outcome-feedback', 'trondheim', 'quality'),
    ],
  },
];

/** Plays the mission; returns its id. */
export const play = async (cast: Cast, endsAt: number): Promise<string> => {
  let mission: string | undefined;
  for (const { title, steps } of parts) {
    heading(title);
    for (const { who, example, does, notifies } of steps) {
      const before = performance.now();
      const sent = await cast[who].send(messageFrom(example, endsAt, mission));
      mission ??= sent.mission;
      say(`${bold(cast[who].name)} ${does} ${dim(`${sent.event}, ${sent.version}, ${since(before)}`)}`);
      const notified = await Promise.all(
        notifies.map(async (one) => {
          const { event, number } = await cast[one].next();
          if (event !== sent.event) throw new Error(`${cast[one].name} was notified of ${event}, not of ${sent.event}`);
          return `${cast[one].name} ${dim(`#${number}`)}`;
        }),
      );
      if (notified.length > 0) say(`  ${green('→')} notified: ${notified.join(', ')} ${dim(`after ${since(before)}`)}`);
    }
  }
  const surprised = Object.values(cast).find(({ unexpected }) => unexpected.length > 0);
  if (surprised !== undefined) throw new Error(`${surprised.name} got notifications that it must not get`);
  if (mission === undefined) throw new Error('no mission was opened');
  return mission;
};
