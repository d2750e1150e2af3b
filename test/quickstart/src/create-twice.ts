import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@flyte-agents/proto/client';
import { AsyncAgentService, TaskExecution_Phase } from '@flyte-agents/proto/flyte1';
import type { Run } from './scenario.ts';

type Setting = string | number | Setting[] | { [key: string]: Setting };

/** A task, as far as the scenarios have any. */
interface SentTask {
  readonly type: string;
  readonly config?: Record<string, string>;
  readonly custom?: { [key: string]: Setting };
  /** Texts only. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** SQL, or a container. */
  readonly target?:
    | { readonly case: 'sql'; readonly value: { readonly statement: string } }
    | { readonly case: 'container'; readonly value: { readonly image: string; readonly args: string[] } };
}

/** Sends one create two times at once, as an engine does that was restarted; then polls. @param execution whose create it is */
export function createTwice({ inputs = {}, ...template }: SentTask, execution: string): Run {
  const executionId = { project: 'flytesnacks', domain: 'development', name: execution };
  const request = {
    template,
    inputs: { literals: Object.fromEntries(Object.entries(inputs).map(([name, text]) => [name, toLiteral(text)])) },
    outputPrefix: `s3://example-bucket/metadata/${execution}/n0/data/0`,
    taskExecutionMetadata: { taskExecutionId: { nodeExecutionId: { nodeId: 'n0', executionId } } },
  };
  return async (endpoint, tell) => {
    const started = performance.now();
    const connection = connect(endpoint);
    const agents = connection.client(AsyncAgentService);
    try {
      const [one, other] = await Promise.all([agents.createTask(request), agents.createTask(request)]);
      const isSame = Buffer.from(one.resourceMeta).equals(other.resourceMeta);
      for (;;) {
        const taskCategory = { name: template.type, version: 0 };
        const { resource } = await agents.getTask({ resourceMeta: one.resourceMeta, taskCategory });
        const [phase = ''] = Object.entries(TaskExecution_Phase).find(([, number]) => number === resource?.phase) ?? [];
        if (phase === 'SUCCEEDED' || phase === 'FAILED') {
          const message = `${resource?.message}, ${isSame ? 'the same reference' : 'another reference'} twice`;
          return { phase, message, elapsedMs: performance.now() - started };
        }
        tell(phase, resource?.message ?? '');
        await sleep(200);
      }
    } finally {
      connection.close();
    }
  };
}

function toLiteral(stringValue: string) {
  const primitive = { case: 'primitive', value: { value: { case: 'stringValue', value: stringValue } } } as const;
  return { value: { case: 'scalar', value: { value: primitive } } } as const;
}
