import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTaskFile, runTask, type RunTaskSettings } from '@flyte-agents/cli';
import agents from '@flyte-agents/openai';
import type { Smoke, Step } from './smoke.ts';

const examples = join(import.meta.dirname, '../../../examples');
/** A real batch may take a day: it is cancelled after this, in milliseconds. */
const batchMs = 5000;

/** A question, vectors, a question in the background, and a batch that is cancelled; with the account of `FLYTE_OPENAI_API_KEY`. */
export const openAISmoke: Smoke = {
  needs: ['FLYTE_OPENAI_API_KEY'],
  run: async function* () {
    yield step('a question', 'SUCCEEDED', await example('openai-chat.yaml', {}));
    yield step('vectors', 'SUCCEEDED', await example('openai-embedding.yaml', {}));
    yield step('a question in the background', 'SUCCEEDED', await example('openai-background.yaml', { protocol: 'flyte2' }));
    const inputs = { input_file_id: await upload() };
    yield step('a batch, cancelled', 'ABORTED', await example('openai-batch.yaml', { inputs, signal: AbortSignal.timeout(batchMs) }));
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

async function example(file: string, settings: Partial<RunTaskSettings>): Promise<Ended> {
  const task = await readTaskFile(join(examples, file));
  // A server of its own, which takes the key from this process's environment, as it would in a cluster.
  return runTask({ agents, task, callTimeoutMs: 60_000, ...settings });
}

function step(name: string, expected: string, { phase, message }: Ended): Step {
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}

/** A file with one question. */
async function upload(): Promise<string> {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Say hello.' }] };
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new File([JSON.stringify({ custom_id: '1', method: 'POST', url: '/v1/chat/completions', body })], 'smoke.jsonl'));
  const base = process.env['OPENAI_BASE_URL'] ?? 'https://api.openai.com/v1';
  const headers = { authorization: `Bearer ${process.env['FLYTE_OPENAI_API_KEY']}` };
  const response = await fetch(`${base}/files`, { method: 'POST', headers, body: form });
  if (!response.ok) throw new Error(`the upload of a file was answered with ${response.status}`);
  const { id }: { readonly id: string } = JSON.parse(await response.text());
  // The service needs a moment before it can read what was uploaded.
  await sleep(1000);
  return id;
}
