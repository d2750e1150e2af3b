import { setTimeout as sleep } from 'node:timers/promises';
import { runTask, type TaskPhase } from '@flyte-agents/cli';
import { toText, type LiteralMap } from '@flyte-agents/core';
import type { Run, Scenario, Upstreams } from './scenario.ts';
import { oneLine, phaseFormat, phaseWidth, print, seconds, styled } from './screen.ts';

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
  const { task, inputs, protocol, event, cancelAfterMs, expected } = scenario;
  const show = (phase: string, message: string): void => {
    const time = styled(seconds(performance.now() - stage.startedAt), 'dim');
    print(
      `${time}  ${scenario.name.padEnd(stage.nameWidth)}  ${styled(phase.padEnd(phaseWidth), phaseFormat(phase))}  ${oneLine(message)}`.trimEnd(),
    );
  };
  let last = '';
  const tell = (phase: string, message: string): void => {
    if (last !== `${phase} ${message}`) show(phase, message);
    last = `${phase} ${message}`;
  };
  const cancel = new AbortController();
  const run: Run = async (endpoint) =>
    runTask({
      endpoint,
      task,
      inputs,
      pollIntervalMs,
      protocol,
      signal: cancel.signal,
      onProgress: ({ phase, message }) => {
        if (last === '' && cancelAfterMs !== undefined) setTimeout(() => cancel.abort(), cancelAfterMs);
        tell(phase, message);
      },
    });
  const running = (scenario.run ?? run)(stage.endpoint, tell);
  const [result] = await Promise.all([running, happenLater(event, stage.upstreams, (text) => show('', text))]);
  const { phase, message, elapsedMs } = result;
  const outputs = `${told(result.outputs)} ${(await scenario.afterwards?.(stage.upstreams)) ?? ''}`.trim();
  const asExpected = phase === expected.phase && expected.message.test(message) && (expected.outputs ?? /^$/).test(outputs);
  return { scenario, phase, message: oneLine(`${message} ${outputs}`), elapsedMs, asExpected };
}

/** A task's outputs in one line. */
function told(outputs: LiteralMap = new Map()): string {
  return [...outputs].map(([name, value]) => `${name}=${toText(value)}`).join(' ');
}

async function happenLater(event: Scenario['event'], upstreams: Upstreams, tell: (text: string) => void): Promise<void> {
  if (event === undefined) return;
  await sleep(event.afterMs);
  event.happen(upstreams);
  tell(event.text);
}
