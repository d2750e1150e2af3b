import { testAgent } from '@flyte-agents/testing';
import { BackgroundWorld, BatchWorld, ChatWorld } from './__fixtures__/worlds.ts';

const message = { message: { kind: 'string', value: 'Who are you?' } } as const;
const answer = { o0: { kind: 'string', value: 'I am a model.' } } as const;

testAgent({
  name: 'OpenAIChatAgent, within a call',
  world: () => new ChatWorld(),
  schedules: 5000,
  task: {
    type: 'chatgpt',
    custom: { openai_organization: 'org-1', chatgpt_config: { model: 'gpt-4o-mini' } },
    inputs: message,
    outputs: answer,
  },
  // Chat completions know no key.
  guarantee: 'bestEffort',
  invalid: [
    { custom: {}, names: 'chatgpt_config' },
    { custom: { chatgpt_config: { temperature: 1 } }, names: 'chatgpt_config.model' },
    { custom: { chatgpt_config: { model: 'm', endpoint: '/v1/moderations' } }, names: 'chatgpt_config.endpoint' },
    { custom: { chatgpt_config: { model: 'm', endpoint: '/v1/embeddings', background: true } }, names: 'chatgpt_config.background' },
    { custom: { chatgpt_config: { model: 'm', base_url: 'https://models.example/v1' } }, names: 'base_url' },
    { custom: { chatgpt_config: { model: 'm', base_url: 'file:///etc' } }, names: 'chatgpt_config.base_url' },
    { custom: { chatgpt_config: { model: 'm' }, openai_organization: 5 }, names: 'openai_organization' },
    { inputs: { message: { kind: 'integer', value: 5n } }, names: 'input message' },
  ],
});

testAgent({
  name: 'OpenAIChatAgent, in the background',
  world: () => new BackgroundWorld(),
  schedules: 5000,
  task: {
    type: 'openai_chat_completion',
    custom: { chatgpt_config: { model: 'gpt-5', background: true } },
    inputs: message,
    outputs: answer,
  },
  // Responses cannot be listed: one whose answer was lost stays lost.
  guarantee: 'bestEffort',
  invalid: [{ inputs: {}, names: 'input message' }],
});

testAgent({
  name: 'OpenAIBatchAgent',
  world: () => new BatchWorld(),
  schedules: 10_000,
  task: {
    type: 'openai-batch',
    custom: { openai_organization: null, config: { metadata: { team: 'data' } } },
    inputs: { input_file_id: { kind: 'string', value: 'file-abc123' } },
  },
  guarantee: 'atLeastOnce',
  invalid: [
    { custom: { config: { metadata: { team: 5 } } }, names: 'config.metadata.team' },
    { custom: { config: { endpoint: 'v1/chat' } }, names: 'config.endpoint' },
    { custom: { config: { completion_window: 24 } }, names: 'config.completion_window' },
    { custom: { config: { output_expires_after: { anchor: 'created_at', seconds: 0.5 } } }, names: 'config.output_expires_after.seconds' },
    { custom: { config: { base_url: 'https://models.example/v1' } }, names: 'base_url' },
    { inputs: {}, names: 'input input_file_id' },
  ],
});
