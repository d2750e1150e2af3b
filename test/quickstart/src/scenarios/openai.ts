import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { startOpenAI, type OpenAIServer } from '@flyte-agents/test-upstreams';
import { createTwice } from '../create-twice.ts';
import { root, type Scenario } from '../scenario.ts';

const examples = join(root, 'examples');
const twice = `twice-${randomUUID().slice(0, 8)}`;
const questions = ['What is a phase?', 'What is an orphan?'];

/** A stand-in for OpenAI with the files that the examples name. */
export async function startExampleOpenAI(): Promise<OpenAIServer> {
  const openAi = await startOpenAI({ stepMs: 1500 });
  const lines = questions.map((content, index) => toLine(String(index), content));
  openAi.putFile(lines.join('\n'), 'file-questions');
  openAi.putFile([...lines, 'no JSON'].join('\n'), 'file-broken');
  return openAi;
}

function toLine(custom_id: string, content: string): string {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] };
  return JSON.stringify({ custom_id, method: 'POST', url: '/v1/chat/completions', body });
}

/** Questions answered at once and in the background, vectors, batches; one refused, one broken, one cancelled, one sent twice. */
export async function openAIScenarios(): Promise<readonly Scenario[]> {
  const [chat, background, embedding, batch] = await Promise.all([
    readTaskFile(join(examples, 'openai-chat.yaml')),
    readTaskFile(join(examples, 'openai-background.yaml')),
    readTaskFile(join(examples, 'openai-embedding.yaml')),
    readTaskFile(join(examples, 'openai-batch.yaml')),
  ]);
  return [
    {
      name: 'OpenAI question',
      task: chat,
      inputs: {},
      expected: { phase: 'SUCCEEDED', message: /the model answered/, outputs: /o0=You asked: What does an agent of Flyte do\?/ },
    },
    {
      name: 'OpenAI, refused',
      task: chat,
      inputs: { message: 'How do I harm a robot?' },
      expected: { phase: 'FAILED', message: /the model refused: I'm sorry/ },
    },
    {
      name: 'OpenAI, background',
      task: background,
      inputs: {},
      protocol: 'flyte2',
      expected: {
        phase: 'SUCCEEDED',
        message: /the model answered/,
        outputs: /o0=You asked: Which.* response_id=resp_\S+ usage=.*"?totalTokens"?/,
      },
    },
    {
      name: 'OpenAI, cancelled',
      task: background,
      inputs: {},
      protocol: 'flyte2',
      cancelAfterMs: 100,
      afterwards: async ({ openAi }) => `cancels: ${countOf(openAi, /\/responses\/[^/]+\/cancel$/)}`,
      expected: { phase: 'ABORTED', message: /cancelled/, outputs: /cancels: 1/ },
    },
    {
      name: 'OpenAI vectors',
      task: embedding,
      inputs: {},
      expected: { phase: 'SUCCEEDED', message: /2 of 3 numbers each/, outputs: /o0=\[\[-?\d/ },
    },
    {
      name: 'OpenAI batch',
      task: batch,
      inputs: {},
      expected: {
        phase: 'SUCCEEDED',
        message: /completed, 2\/2 requests, 0 failed; results in file file-/,
        outputs: /result=.*output_file_id/,
      },
    },
    {
      name: 'OpenAI, broken batch',
      task: batch,
      inputs: { input_file_id: 'file-broken' },
      expected: { phase: 'FAILED', message: /invalid_json_line: line 3: This line is not parseable/ },
    },
    {
      name: 'OpenAI, sent twice',
      task: batch,
      inputs: {},
      run: createTwice({ type: 'openai-batch', custom: { config: {} }, inputs: { input_file_id: 'file-questions' } }, twice),
      afterwards: async ({ openAi }) =>
        `batches: ${openAi.requests.filter((each) => each.method === 'POST' && JSON.stringify(each.body ?? '').includes(twice)).length}`,
      expected: { phase: 'SUCCEEDED', message: /the same reference twice/, outputs: /batches: 1/ },
    },
  ];
}

function countOf({ requests }: OpenAIServer, path: RegExp): number {
  return requests.filter((each) => path.test(each.path)).length;
}
