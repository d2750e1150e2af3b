import { Document, isMap, isScalar, type Node } from 'yaml';
import { engines, type Engine, type EngineName } from './engines.ts';

/** What the configuration is to say. */
export interface PropellerConfigOptions {
  readonly engine: EngineName;
  /** A gRPC target: `dns:///host:port`. */
  readonly endpoint: string;
  readonly tls: boolean;
  /** The task types that the server serves. */
  readonly taskTypes: readonly string[];
  /** Those of them that a plugin of the engine has too. */
  readonly taken: readonly string[];
  readonly canary: { readonly endpoint: string; readonly taskTypes: readonly string[] } | undefined;
  /** How many tasks run at the same time at most. */
  readonly tasks: number;
  /** How often each of them is asked for. */
  readonly resyncSeconds: number;
}

/** How long the engine may wait for an answer. The server ends its calls before. */
const callTimeout = '10s';
const syncTimeout = '30s';
const listTimeout = '3s';
/** How long a poll may take in the mean, in seconds: what the number of workers is made for. */
const secondsPerPoll = 1;

/**
 * The part of the engine's configuration that leads tasks to a server of agents, as YAML. Maps whose keys have capitals are
 * written as lists of one entry each: the engine's reader would turn the keys of a map into lower case.
 */
export function toPropellerConfig(options: PropellerConfigOptions): string {
  const engine: Engine = engines[options.engine];
  const { plugin } = engine;
  const isFlyte2 = options.engine === 'flyte2';
  const document = new Document(
    {
      ...(!isFlyte2 && {
        tasks: {
          'task-plugins': {
            'enabled-plugins': ['container', 'sidecar', 'k8s-array', plugin],
            'default-for-task-types': [
              { container: 'container' },
              { sidecar: 'sidecar' },
              { container_array: 'k8s-array' },
              ...options.taken.map((type) => ({ [type]: plugin })),
            ],
          },
        },
      }),
      plugins: {
        [plugin]: {
          ...(isFlyte2 && { supportedTaskTypes: options.taskTypes }),
          webApi: polling(options),
          [engine.defaultServer]: server(options.endpoint, options, engine),
          ...(options.canary !== undefined && {
            [engine.servers]: [{ canary: server(options.canary.endpoint, options, engine) }],
            [engine.routes]: options.canary.taskTypes.map((type) => ({ [type]: 'canary' })),
          }),
        },
      },
    },
    { aliasDuplicateObjects: false },
  );
  explain(document, options, engine);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** Limits under which every running task is asked for in time. */
function polling({ tasks, resyncSeconds }: PropellerConfigOptions): object {
  const qps = Math.max(10, Math.ceil((tasks / resyncSeconds) * 1.5));
  const limiter = { qps, burst: Math.min(10_000, Math.max(100, 2 * qps)) };
  return {
    caching: {
      size: 500_000,
      resyncInterval: `${resyncSeconds}s`,
      workers: Math.min(10_000, Math.max(10, Math.ceil(qps * secondsPerPoll))),
      maxSystemFailures: 5,
    },
    readRateLimiter: limiter,
    writeRateLimiter: limiter,
    resourceQuotas: [{ default: Math.max(1000, tasks) }],
  };
}

function server(endpoint: string, { tls }: PropellerConfigOptions, engine: Engine): object {
  return {
    endpoint,
    insecure: !tls,
    defaultServiceConfig: JSON.stringify(serviceConfig(engine)),
    timeouts: [
      { CreateTask: callTimeout },
      { GetTask: callTimeout },
      { DeleteTask: callTimeout },
      { ExecuteTaskSync: syncTimeout },
      { [engine.listing]: listTimeout },
    ],
    defaultTimeout: callTimeout,
  };
}

/** Calls go round all replicas; what one of them could not take is asked of the next. */
function serviceConfig({ services }: Engine): object {
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [
      {
        name: services.map((service) => ({ service })),
        retryPolicy: {
          maxAttempts: 4,
          initialBackoff: '0.2s',
          maxBackoff: '2s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  };
}

function explain(document: Document, { engine: name, tasks, resyncSeconds, canary }: PropellerConfigOptions, engine: Engine): void {
  const { plugin } = engine;
  const place = {
    'connector-service': 'For FlytePropeller of Flyte 1.16 and later.',
    'agent-service': 'For FlytePropeller before Flyte 1.16. Never together with connector-service.',
    flyte2: "For Flyte 2's executor.",
  }[name];
  document.commentBefore = ` ${place} Made by flyte-agents propeller-config; merge it into what is there.`;
  const comment = (path: readonly (string | number)[], text: string): void => {
    const parent = document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return;
    const key: unknown = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1))?.key;
    if (isScalar(key)) (key satisfies Node).commentBefore = ` ${text}`;
  };
  comment(['tasks', 'task-plugins', 'enabled-plugins'], 'Replaces the whole list: add what else you use.');
  comment(['tasks', 'task-plugins', 'default-for-task-types'], 'A list: the keys of a map would lose their capitals.');
  comment(['plugins', plugin, 'supportedTaskTypes'], 'Flyte 2 asks agents for these types only, and reads them at its start.');
  comment(['plugins', plugin, 'webApi'], `For ${tasks} running tasks, each asked for every ${resyncSeconds} s.`);
  comment(
    ['plugins', plugin, engine.defaultServer, 'defaultServiceConfig'],
    'A create that comes twice starts one job, so that calls may be repeated.',
  );
  if (canary !== undefined) comment(['plugins', plugin, engine.routes], 'Routed types are always called as async.');
}
