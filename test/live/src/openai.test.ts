import { join } from 'node:path';
import { finish, startOpenAI } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(name: string, environment: Readonly<Record<string, string>> = {}) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, name], { environment });
}

test('a smoke test that misses its variables names them, and does nothing', { timeout: 60_000 }, async () => {
  expect(await live('openai', { FLYTE_OPENAI_API_KEY: '' })).toMatchObject({
    ended: 'exit code 2',
    output: 'live: openai needs FLYTE_OPENAI_API_KEY: set them to those of a real account. Nothing was run.\n',
  });
  expect(await live('nothing')).toMatchObject({ ended: 'exit code 2', output: expect.stringMatching(/name one of: .*openai/) });
});

test('the smoke test of OpenAI is good on a stand-in', { timeout: 60_000 }, async () => {
  const openAi = await startOpenAI({ stepMs: 2000 });
  const { ended, output } = await live('openai', { ...openAi.environment });
  await openAi.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(4);
});
