import { AwsClients } from '@flyte-agents/aws';
import { AgentError, SyncAgent, type Check, type CreateContext, type Resource, type Task } from '@flyte-agents/core';
import { connect, type SageMakerClient } from './client.ts';
import { callConfig, type CallConfig } from './config.ts';
import { toCallRequest, toCallResource, toExisting, toRegion } from './convert.ts';
import { isInUse, submitFault } from './errors.ts';
import { defaultCalls, type BotoAgentOptions } from './options.ts';

/** Does `boto` tasks: single calls of SageMaker that the operator allows. */
export class BotoAgent extends SyncAgent<CallConfig> {
  readonly name = 'Boto Agent';
  readonly taskTypes = [{ name: 'boto' }];
  readonly config = callConfig;
  readonly #clients: AwsClients<SageMakerClient>;
  readonly #options: BotoAgentOptions;

  constructor(options: BotoAgentOptions = {}) {
    super();
    this.#options = options;
    this.#clients = new AwsClients(options.connect ?? connect);
  }

  override async prepare(): Promise<void> {
    if (this.#options.connect === undefined) await import('@aws-sdk/client-sagemaker');
  }

  /** Which calls tasks may make: what this server's role may do, only the calls themselves would tell. */
  override checks(): readonly Check[] {
    const { allowed = defaultCalls } = this.#options;
    const [first = 'none', ...others] = allowed;
    return [{ name: 'calls', run: async () => `tasks may make ${first}${others.length > 0 ? ` and ${others.length} others` : ''}` }];
  }

  async do(task: Task<CallConfig>, context: CreateContext): Promise<Resource> {
    const { service, method } = task.config;
    this.#check(`${service}:${method}`);
    const region = toRegion(task, this.#options.region);
    const { request, token } = toCallRequest(task, region);
    const client = await this.#clients.get(region, context.secrets);
    const isRead = /^(describe|list|get|search)_/.test(method);
    try {
      const answer = await client.call({ service, method, body: request }, isRead ? context.signal : undefined);
      return toCallResource(task.config, answer, token);
    } catch (error) {
      const existing = isInUse(error) ? toExisting(task.config, error.message, token) : undefined;
      if (existing !== undefined) return existing;
      throw submitFault(error, `${service}:${method}`);
    }
  }

  #check(call: string): void {
    const { allowed = defaultCalls } = this.#options;
    const isAllowed = allowed.some((each) => (each.endsWith('*') ? call.startsWith(each.slice(0, -1)) : call === each));
    if (isAllowed && /^(sagemaker|sagemaker-runtime):[a-z0-9_]+$/.test(call)) return;
    throw new AgentError({
      code: 'PERMISSION_DENIED',
      origin: 'user',
      message: `service, method: ${call} is not among the calls that tasks may make here; the operator may add it to FLYTE_BOTO_ALLOWED`,
    });
  }
}
