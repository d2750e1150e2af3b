import { AgentError, ClientPool, secretCheck, type AgentContext, type Check, type SecretName } from '@flyte-agents/core';
import { connect, type OpenAIClient } from './client.ts';
import type { Place } from './config.ts';
import type { Endpoint, OpenAIOptions } from './options.ts';

const openAi: Endpoint = { baseUrl: 'https://api.openai.com/v1' };
const keyName = 'FLYTE_OPENAI_API_KEY';

/** The endpoints that an operator allows, and the clients of their tenants. */
export class Endpoints {
  readonly #options: OpenAIOptions;
  readonly #default: Endpoint;
  readonly #clients = new ClientPool<OpenAIClient>();

  constructor(options: OpenAIOptions) {
    this.#options = options;
    this.#default = options.endpoint ?? openAi;
  }

  /** A task's place with its endpoint written down: what is under way stays there when an operator changes the default. */
  pinned({ organization, baseUrl }: Place): Place {
    return { organization, baseUrl: this.#find({ organization, baseUrl })?.baseUrl ?? baseUrl };
  }

  /** The client for a task. @throws AgentError INVALID_ARGUMENT when it names an endpoint that is not allowed */
  async forTask(place: Place, context: AgentContext): Promise<OpenAIClient> {
    const endpoint = this.#find(place);
    if (endpoint !== undefined) return this.#client(endpoint, place, context);
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `base_url: ${notAllowed(place)}` });
  }

  /** The client for what is under way. @throws AgentError PERMISSION_DENIED when its endpoint is not allowed any more */
  async forJob(place: Place, context: AgentContext): Promise<OpenAIClient> {
    const endpoint = this.#find(place);
    if (endpoint !== undefined) return this.#client(endpoint, place, context);
    throw new AgentError({ code: 'PERMISSION_DENIED', message: `OpenAI: ${notAllowed(place)}` });
  }

  /** What can be looked at without a task: the default endpoint's key, and what it lets its owner do. */
  checks(what: string, ask: (client: OpenAIClient, context: AgentContext) => Promise<string>): readonly Check[] {
    const { baseUrl } = this.#default;
    const run = async (context: AgentContext): Promise<string> => {
      const client = await this.forTask({ organization: null, baseUrl: null }, context);
      return `${baseUrl} answers: ${await ask(client, context)}`;
    };
    const secret = this.#secretOf(this.#default);
    return [...(secret === undefined ? [] : [secretCheck(secret)]), { name: what, run }];
  }

  /** Whether what is there can be looked at on OpenAI's own pages. */
  hasPages(place: Place): boolean {
    const { hostname } = new URL(this.#find(place)?.baseUrl ?? 'about:blank');
    return hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com');
  }

  /** Only what the operator wrote is ever sent a key: never the text of a task or of a reference. */
  #find({ baseUrl }: Place): Endpoint | undefined {
    if (baseUrl === null) return this.#default;
    const known = [this.#default, ...(this.#options.endpoints ?? [])];
    return known.find((endpoint) => normal(endpoint.baseUrl) === normal(baseUrl));
  }

  /** The default endpoint's key is never sent to another: that may be somebody else's. */
  #secretOf(endpoint: Endpoint): SecretName | undefined {
    const isOurs = endpoint === this.#default && endpoint.identity === undefined;
    const name = endpoint.secret === undefined && isOurs ? keyName : endpoint.secret;
    return name == null ? undefined : { name, argument: 'openai_api_key' };
  }

  async #client(endpoint: Endpoint, { organization }: Place, { secrets }: AgentContext): Promise<OpenAIClient> {
    const { baseUrl, identity } = endpoint;
    const secret = this.#secretOf(endpoint);
    const apiKey = secret && (await secrets.require(secret));
    const make = this.#options.connect ?? connect;
    return this.#clients.get({ tenant: secrets.tenant, host: JSON.stringify([baseUrl, organization]), secrets: [apiKey] }, () =>
      make({ baseUrl, organization, apiKey, identity }),
    );
  }
}

function normal(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url;
}

function notAllowed({ baseUrl }: Place): string {
  return `${baseUrl} is not among the endpoints that this server's operator allows (FLYTE_OPENAI_ENDPOINTS)`;
}
