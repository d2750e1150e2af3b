import { LLMock } from '@copilotkit/aimock';

/** An aimock server: a third party's stand-in for OpenAI, in this process. */
export interface Aimock {
  /** With `/v1`. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** Starts aimock on the loopback address. @param answer what its models answer to everything */
export async function startAimock(answer: string): Promise<Aimock> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 });
  mock.onMessage(/./, { content: answer });
  await mock.start();
  return { baseUrl: `${mock.url}/v1`, stop: () => mock.stop() };
}
