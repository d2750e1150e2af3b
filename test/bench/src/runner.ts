import { z } from 'zod';
import type { Child } from './child.ts';
import type { EchoAnswer } from './echo.ts';
import { median, megabytes, percentile, type ScenarioFigures, type SideFigures } from './figures.ts';
import type { LoadJob, LoadResult } from './load.ts';
import type { Usage } from './probe.ts';
import type { Scenario } from './scenarios.ts';

/** How scenarios are run. */
export interface RunnerOptions {
  /** How many calls are in flight at once, where the scenario does not say. */
  readonly inFlight: number;
  /** How often every scenario is repeated. */
  readonly rounds: number;
  /** How many of a scenario's calls are made: 1 = all of them. */
  readonly share: number;
}

/** A process that is measured. */
export interface Side {
  readonly child: Child;
  readonly address: string;
}

interface Round {
  readonly load: LoadResult;
  readonly before: Usage;
  readonly after: Usage;
}

/** The engine's polls have this long, in milliseconds. */
export const deadlineMs = 10_000;

/** Reads what the load client says. */
export const loadResult: z.ZodType<LoadResult> = z.object({
  elapsedMs: z.number(),
  latenciesMs: z.instanceof(Float64Array),
  errors: z.number(),
  firstError: z.union([z.string(), z.undefined()]),
  answer: z.instanceof(Uint8Array),
});

/** Puts the same load on the server and on the echo in turn, so that whatever else the machine does disturbs both alike. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #server: Side;
  readonly #echo: Side;
  readonly #load: Child;
  /** The number of the next call: a create is new work only once. */
  #next = 1;

  constructor(options: RunnerOptions, sides: { server: Side; echo: Side; load: Child }) {
    this.#options = options;
    this.#server = sides.server;
    this.#echo = sides.echo;
    this.#load = sides.load;
  }

  async run(scenario: Scenario): Promise<ScenarioFigures> {
    const answer = await this.#firstAnswer(scenario);
    const sides = scenario.echo ? [this.#server, this.#echo] : [this.#server];
    const path = { path: scenario.path, stream: scenario.stream, answer } satisfies EchoAnswer;
    if (scenario.echo) await this.#echo.child.ask(path);
    const job = { ...this.#job(scenario), answerBytes: answer.byteLength };
    // Compiled code is what is to be measured.
    for (const side of sides) await this.#round(side, job);
    const rounds = new Map<Side, Round[]>(sides.map((side) => [side, []]));
    for (let number = 0; number < this.#options.rounds; number++) {
      // Every second round begins with the echo.
      for (const side of number % 2 === 0 ? sides : sides.toReversed()) rounds.get(side)?.push(await this.#round(side, job));
    }
    const [server = [], echo] = sides.map((side) => rounds.get(side) ?? []);
    return {
      name: scenario.name,
      calls: job.calls,
      requestBytes: scenario.messages.reduce((sum, message) => sum + message.byteLength, 0),
      answerBytes: answer.byteLength,
      server: toFigures(server),
      echo: echo && toFigures(echo),
      cpuRatio: echo && median(server.map((round, index) => cpuMicros(round) / cpuMicros(echo[index] ?? round))),
    };
  }

  /** One call of the server, whose answer is looked at; of the others only the size is. */
  async #firstAnswer(scenario: Scenario): Promise<Uint8Array> {
    const { load } = await this.#round(this.#server, { ...this.#job(scenario), calls: 1 });
    if (load.firstError !== undefined) throw new Error(`${scenario.name}: ${load.firstError}`);
    try {
      scenario.check(load.answer);
    } catch (error) {
      throw new Error(`${scenario.name}: not the answer it must have`, { cause: error });
    }
    return load.answer;
  }

  #job(scenario: Scenario): Omit<LoadJob, 'address' | 'first'> {
    const { path, stream, messages, mark, distinct, perSecond } = scenario;
    return {
      path,
      stream,
      messages: [...messages],
      mark,
      distinct,
      calls: Math.ceil(scenario.calls * this.#options.share),
      inFlight: scenario.inFlight ?? this.#options.inFlight,
      deadlineMs,
      ...(perSecond === undefined ? {} : { perSecond }),
    };
  }

  async #round({ child, address }: Side, job: Omit<LoadJob, 'address' | 'first'>): Promise<Round> {
    const first = this.#next;
    this.#next += job.calls;
    const before = await child.usage();
    const load = loadResult.parse(await this.#load.ask({ ...job, address, first }));
    return { load, before, after: await child.usage() };
  }
}

function cpuMicros({ before, after, load }: Round): number {
  return (after.cpuMicros - before.cpuMicros) / load.latenciesMs.length;
}

function toFigures(rounds: readonly Round[]): SideFigures {
  const latencies = Float64Array.from(rounds.flatMap(({ load }) => [...load.latenciesMs]));
  return {
    requestsPerSecond: median(rounds.map(({ load }) => (load.latenciesMs.length / load.elapsedMs) * 1000)),
    // Microseconds per request are milliseconds per 1,000.
    cpuMsPer1000: median(rounds.map(cpuMicros)),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    lagP99Ms: Math.max(...rounds.map(({ after }) => after.lagP99Ms)),
    rssMb: megabytes(Math.max(...rounds.map(({ after }) => after.rssBytes))),
    errors: rounds.reduce((sum, { load }) => sum + load.errors, 0),
    firstError: rounds.find(({ load }) => load.firstError !== undefined)?.load.firstError,
  };
}
