import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { toPropellerConfig, type PropellerConfigOptions } from './config.ts';

const options: PropellerConfigOptions = {
  engine: 'connector-service',
  endpoint: 'dns:///agents:8000',
  tls: false,
  taskTypes: ['sensor', 'Mixed_Case'],
  taken: [],
  canary: undefined,
  tasks: 1000,
  resyncSeconds: 30,
};

interface Section {
  readonly webApi: object;
  readonly defaultConnector?: Deployment;
  readonly defaultAgent?: Deployment;
  readonly connectorForTaskTypes?: readonly object[];
  readonly supportedTaskTypes?: readonly string[];
}

interface Deployment {
  readonly insecure: boolean;
  readonly defaultServiceConfig: string;
  readonly timeouts: readonly object[];
}

function section(changes: Partial<PropellerConfigOptions> = {}): Section {
  const document: { readonly plugins: Readonly<Record<string, Section>> } = parse(toPropellerConfig({ ...options, ...changes }));
  const [only] = Object.values(document.plugins);
  if (only === undefined) throw new TypeError('there is no plugin');
  return only;
}

function policy(engine: PropellerConfigOptions['engine']): { readonly methodConfig: readonly { readonly name: readonly object[] }[] } {
  const { defaultConnector, defaultAgent } = section({ engine });
  return JSON.parse((defaultConnector ?? defaultAgent)?.defaultServiceConfig ?? '');
}

describe('OP8: propeller-config', () => {
  test.each([
    [1, 30, 10, 100, 10],
    [1000, 30, 50, 100, 50],
    [10_000, 30, 500, 1000, 500],
    [500_000, 5, 150_000, 10_000, 10_000],
  ])('asks for %i tasks every %i s by %i calls a second, bursts of %i, %i workers', (tasks, resyncSeconds, qps, burst, workers) => {
    const { webApi } = section({ tasks, resyncSeconds });
    expect(webApi).toMatchObject({ readRateLimiter: { qps, burst }, caching: { workers, resyncInterval: `${resyncSeconds}s` } });
  });

  test('repeats what a replica could not take, over both kinds of service names, and never work done at once', () => {
    expect(policy('agent-service')).toEqual(policy('connector-service'));
    expect(policy('flyte2').methodConfig[0]?.name).toContainEqual({ service: 'flyteidl2.connector.AsyncConnectorService' });
    expect(policy('connector-service')).toMatchObject({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [{ retryPolicy: { retryableStatusCodes: ['UNAVAILABLE'] } }],
    });
    expect(JSON.stringify(policy('connector-service'))).not.toContain('.SyncAgentService');
  });

  test('writes maps whose keys have capitals as lists: the engine turns keys of maps into lower case', () => {
    const { defaultConnector, connectorForTaskTypes } = section({ canary: { endpoint: 'dns:///next:8000', taskTypes: ['Mixed_Case'] } });
    expect(defaultConnector?.timeouts).toContainEqual({ CreateTask: '10s' });
    expect(connectorForTaskTypes).toEqual([{ Mixed_Case: 'canary' }]);
  });

  test('speaks TLS when told to', () => {
    expect(section({ tls: true }).defaultConnector?.insecure).toBe(false);
  });

  test('names every type for Flyte 2, and none else for it alone', () => {
    expect(section({ engine: 'flyte2' }).supportedTaskTypes).toEqual(options.taskTypes);
    expect(section()).not.toHaveProperty('supportedTaskTypes');
  });

  test('has no aliases, which some readers do not know, and explains itself', () => {
    const text = toPropellerConfig({ ...options, canary: { endpoint: 'dns:///next:8000', taskTypes: ['sensor'] } });
    expect(text).not.toMatch(/[&*]a\d/);
    expect(text).toMatch(/^# For FlytePropeller of Flyte 1\.16 and later\./);
    expect(text).toContain('# For 1000 running tasks, each asked for every 30 s.');
  });
});
