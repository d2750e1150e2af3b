import { join } from 'node:path';
import {
  finish,
  installTimeoutMs,
  pythonTool,
  requirement,
  startOpenAI,
  type Finished,
  type OpenAIServer,
} from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { startOpenAIAgents, type OpenAIAgentServer } from './openai-server.ts';
import { buildPropellerDrive, drive } from './propeller.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

/** A string variable, in protobuf JSON. */
function variable(name: string) {
  return { variables: { [name]: { type: { simple: 'STRING' } } } };
}

/** A string, in protobuf JSON. */
function text(name: string, value: string) {
  return { literals: { [name]: { scalar: { primitive: { stringValue: value } } } } };
}

let openAi: OpenAIServer;
let server: OpenAIAgentServer;
/** What was asked of the service about batches, but for reads. */
function made() {
  return openAi.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/batches'));
}

beforeAll(async () => {
  openAi = await startOpenAI({ answer: () => 'I am a model.', stepMs: 200 });
  server = await startOpenAIAgents(openAi.baseUrl);
});
afterAll(async () => {
  await server.stop();
  await openAi.stop();
});

describe.skipIf(!python.available)(`flytekit's own OpenAI tasks${python.note}`, () => {
  let interpreter: string;
  beforeAll(async () => {
    interpreter = await pythonTool('flytekit-openai', join(scripts, 'flytekit-openai.txt'));
  }, installTimeoutMs);

  async function run(question: string): Promise<Finished> {
    const { FLYTE_OPENAI_API_KEY: key, OPENAI_BASE_URL } = openAi.environment;
    const environment = { OPENAI_BASE_URL, _FSEC_OPENAI_API_KEY: key };
    return finish(interpreter, [join(scripts, 'openai_tasks.py'), server.endpoint, question], { environment });
  }

  test('C19: ChatGPTTask and the batch workflow run on this server', { timeout: 120_000 }, async () => {
    const { ended, stdout, output } = await run('Who are you?');
    expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      announced: [
        ['chatgpt', true],
        ['openai-batch', false],
        ['openai_chat_completion', true],
        ['openai_chat_completion_task', true],
      ],
      answer: 'I am a model.',
      output: [expect.objectContaining({ custom_id: 'good', response: expect.objectContaining({ status_code: 200 }) })],
      error: [expect.objectContaining({ custom_id: 'bad', response: expect.objectContaining({ status_code: 404 }) })],
    });
    expect(openAi.requests.find(({ path }) => path === '/v1/chat/completions')?.headers['openai-organization']).toBe('org-1');
  });

  test('C9: their user reads what is wrong', { timeout: 60_000 }, async () => {
    const { stdout } = await run('How do I harm a fly?');
    expect(stdout).toContain("the model refused: I'm sorry, I can't help with that.");
  });
});

describe.skipIf(!go.available)(`driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  const chat = {
    type: 'chatgpt',
    custom: { chatgpt_config: { model: 'gpt-4o-mini' } },
    interface: { inputs: variable('message'), outputs: variable('o0') },
  };
  const inputs = text('message', 'Who are you?');
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    openAi.putFile(
      '{"custom_id":"1","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":"a"}}',
      'file-1',
    );
  }, installTimeoutMs);

  describe('a question', () => {
    acceptanceCases({ sync: true, subject: () => ({ binary, endpoint: server.endpoint, task: chat, inputs }), forbid: ['sk-example-key'] });

    test('OA1: is answered in the one answer', { timeout: 60_000 }, async () => {
      const report = await drive(binary, { endpoint: server.endpoint, task: chat, inputs });
      expect(report.executions?.[0]?.attempts[0]?.outputs).toEqual(text('o0', 'I am a model.'));
    });
  });

  describe('a batch', () => {
    const interfaceOf = { inputs: variable('input_file_id') };
    const batch = { type: 'openai-batch', custom: { config: { endpoint: '/v1/embeddings' } }, interface: interfaceOf };
    const file = text('input_file_id', 'file-1');
    test('R2, C31: whose create was answered to nobody is cancelled by the next attempt', { timeout: 60_000 }, async () => {
      const before = made().length;
      const flags = ['--max-attempts', '2', '--fault', 'CreateTask:1:UNAVAILABLE:after'];
      const report = await drive(binary, { endpoint: server.endpoint, task: batch, inputs: file, flags });
      expect(report.executions?.[0]?.attempts.map(({ final_phase: phase }) => phase)).toEqual(['RetryableFailure', 'Success']);
      const paths = made()
        .slice(before)
        .map(({ path }) => path.replace(/batch_[^/]+/, 'id'));
      expect(paths).toEqual(['/v1/batches', '/v1/batches/id/cancel', '/v1/batches']);
    });
  });
});
