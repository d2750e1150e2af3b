import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { during, EchoAgent, JobAgent, recordingLogger, storedRequest, taskRequest } from '../__fixtures__/agents.ts';
import { randomKey } from '../idempotency.ts';
import { Metrics } from '../metrics.ts';
import { encodeReference } from '../ref.ts';
import { AgentRegistry } from '../registry.ts';
import { SecretSource, type Connection } from '../secrets.ts';
import type { AgentContext } from '../task.ts';
import { Dispatcher } from './dispatcher.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const connection: Connection = { secrets: { token: 'of the call' }, configs: { role: 'reader' } };
const tenant = { project: 'flytesnacks', domain: 'development' };

function harness() {
  const [agent, echo] = [new JobAgent(), new EchoAgent()];
  const registry = new AgentRegistry([agent, echo]);
  const secrets = new SecretSource({ _FSEC_TOKEN: 'of the server' });
  const dispatcher = new Dispatcher({ registry, logger: recordingLogger(), metrics: new Metrics(), secrets });
  const given: unknown[] = [];
  const look = async (context: AgentContext): Promise<void> => {
    const { project, domain, connection: sent } = context;
    given.push([project, domain, sent, await context.secrets.read({ name: 'TOKEN', argument: 'token' })]);
  };
  agent.before = { create: look, get: look, delete: look, find: look, logs: look, metrics: look };
  echo.before = look;
  const content = { kind: 'ref', ref: { job: 'j1' } } as const;
  const reference = encodeReference({ type: 'job', ...tenant, key: randomKey(), at: Date.now(), content });
  const stored = { ...storedRequest(reference), connection };
  return { agent, echo, dispatcher, given, stored };
}

type Harness = ReturnType<typeof harness>;

describe('C12, C13: an agent is given its tenant, and the secrets and settings that came with the call, in', () => {
  test.each<[string, (harness: Harness) => Promise<unknown>]>([
    ['a create', ({ dispatcher }) => during((call) => dispatcher.create({ ...taskRequest(), connection }, call))],
    ['a get', ({ dispatcher, stored }) => during((call) => dispatcher.get(stored, call))],
    ['a delete', ({ dispatcher, stored }) => during((call) => dispatcher.delete(stored, call))],
    [
      'work that is done at once',
      ({ dispatcher }) => during((call) => dispatcher.execute({ ...taskRequest({ template: { type: 'echo' } }), connection }, call)),
    ],
    ['reading metrics', ({ dispatcher, stored }) => during((call) => dispatcher.getMetrics(stored, { queries: [] }, call))],
    [
      'reading a log',
      ({ dispatcher, stored }) =>
        during(async (call) => {
          for await (const page of dispatcher.getLogs(stored, { lines: 0n, token: '' }, call)) expect(page.lines).toEqual([]);
        }),
    ],
  ])('%s', async (_what, ask) => {
    const harnessed = harness();
    await ask(harnessed);
    const { project, domain } = tenant;
    expect(harnessed.given).toEqual([[project, domain, { configs: connection.configs }, 'of the call']]);
  });
});

test('C12: a call that brought nothing finds what the server has', async () => {
  const { dispatcher, given, stored } = harness();
  await during((call) => dispatcher.create(taskRequest(), call));
  await during((call) => dispatcher.delete({ ...stored, connection: undefined }, call));
  const { project, domain } = tenant;
  expect(given).toEqual([0, 1].map(() => [project, domain, undefined, 'of the server']));
});

test('R8: a task has no secret of the call in it', async () => {
  const { agent, echo, dispatcher } = harness();
  await during((call) => dispatcher.create({ ...taskRequest(), connection }, call));
  const work = { ...taskRequest({ template: { type: 'echo' }, outputPrefix: 's3://b/other/0' }), connection };
  await during((call) => dispatcher.create(work, call));
  await during((call) => dispatcher.execute(work, call));
  const tasks = [...agent.created, ...echo.done].map(({ task }) => task);
  expect(tasks).toHaveLength(3);
  for (const task of tasks) expect(task).not.toHaveProperty('connection');
});
