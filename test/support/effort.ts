/**
 * How much the random and exhaustive tests try. `LUFTBRO_EFFORT` chooses a level; `LUFTBRO_MODEL_RUNS`,
 * `LUFTBRO_SIMULATION_SEEDS` and `LUFTBRO_FUZZ_INPUTS` override one number of it. Any other value fails the run.
 */
export interface Effort {
  /** Random message sequences that are compared with the reference model. */
  readonly modelRuns: number;
  /** Runs of the fault simulation, one per seed. */
  readonly simulationSeeds: number;
  /** Fuzz inputs, over all targets and both seeds. 0: the fuzz test is skipped. */
  readonly fuzzInputs: number;
  /** Whether every order of a few port calls is searched. */
  readonly exhaustive: boolean;
  /** Seconds of traffic of the robustness run. 0: it is skipped. */
  readonly robustnessSeconds: number;
}

const levels = {
  fast: { modelRuns: 300, simulationSeeds: 40, fuzzInputs: 0, exhaustive: false, robustnessSeconds: 0 },
  all: { modelRuns: 3_000, simulationSeeds: 300, fuzzInputs: 7_240, exhaustive: true, robustnessSeconds: 60 },
  long: { modelRuns: 50_000, simulationSeeds: 10_000, fuzzInputs: 100_000, exhaustive: true, robustnessSeconds: 60 },
} as const satisfies Readonly<Record<string, Effort>>;

const isLevel = (text: string): text is keyof typeof levels => Object.hasOwn(levels, text);

const countIn = (environment: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const text = environment[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} must be a whole number, but is "${text}".`);
  return Number(text);
};

export const effortIn = (environment: NodeJS.ProcessEnv): Effort => {
  const level = environment['LUFTBRO_EFFORT'] ?? 'fast';
  if (!isLevel(level))
    throw new Error(`LUFTBRO_EFFORT must be one of ${Object.keys(levels).join(', ')}, but is "${level}".`);
  const { modelRuns, simulationSeeds, fuzzInputs, exhaustive, robustnessSeconds } = levels[level];
  return {
    modelRuns: countIn(environment, 'LUFTBRO_MODEL_RUNS', modelRuns),
    simulationSeeds: countIn(environment, 'LUFTBRO_SIMULATION_SEEDS', simulationSeeds),
    fuzzInputs: countIn(environment, 'LUFTBRO_FUZZ_INPUTS', fuzzInputs),
    exhaustive,
    robustnessSeconds,
  };
};

export const effort = effortIn(process.env);

/** What a failure prints, to repeat it: the seed and path of the model (fast-check's), the first seed of the simulation. */
export const replay = {
  modelSeed: countIn(process.env, 'LUFTBRO_MODEL_SEED', Date.now() % 1_000_000_000),
  modelPath: process.env['LUFTBRO_MODEL_PATH'],
  simulationFrom: countIn(process.env, 'LUFTBRO_SIMULATION_FROM', 1),
};
