import { setTimeout as sleep } from 'node:timers/promises';
import { runTask, type TaskPhase } from '@flyte-agents/cli';
import type { Scenario, Upstreams } from './scenario.ts';
import { phaseFormat, print, seconds, styled } from './screen.ts';

/** How often tasks are polled, in milliseconds. */
const pollIntervalMs = 500;

/** Where scenarios play. */
export interface Stage {
  readonly endpoint: string;
  readonly upstreams: Upstreams;
  /** When the tour's tasks began, by `performance.now()`. */
  readonly startedAt: number;
  /** How wide the names of the scenarios are. */
  readonly nameWidth: number;
}

/** How a scenario ended. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly phase: TaskPhase;
  readonly message: string;
  readonly elapsedMs: number;
  readonly asExpected: boolean;
}

/** Runs a scenario's task on the server, and shows each step. */
export async function play(scenario: Scenario, stage: Stage): Promise<Outcome> {
  const { task, inputs, event, cancelAfterMs, expected } = scenario;
  const show = (phase: string, message: string): void => {
    const time = styled(seconds(performance.now() - stage.startedAt), 'dim');
    print(
      `${time}  ${scenario.name.padEnd(stage.nameWidth)}  ${styled(phase.padEnd('SUCCEEDED'.length), phaseFormat(phase))}  ${message}`.trimEnd(),
    );
  };
  let last = '';
  const running = runTask({
    endpoint: stage.endpoint,
    task,
    inputs,
    pollIntervalMs,
    ...(cancelAfterMs !== undefined && { signal: AbortSignal.timeout(cancelAfterMs) }),
    onProgress: ({ phase, message }) => {
      if (last !== `${phase} ${message}`) show(phase, message);
      last = `${phase} ${message}`;
    },
  });
  const [{ phase, message, elapsedMs }] = await Promise.all([running, happenLater(event, stage.upstreams, (text) => show('', text))]);
  return { scenario, phase, message, elapsedMs, asExpected: phase === expected.phase && expected.message.test(message) };
}

async function happenLater(event: Scenario['event'], upstreams: Upstreams, tell: (text: string) => void): Promise<void> {
  if (event === undefined) return;
  await sleep(event.afterMs);
  event.happen(upstreams);
  tell(event.text);
}
