import type { JsonValue, LogLevel, SensorMapping } from '@flyte-agents/core';
import { z } from 'zod';
import { isMapping, shown, type DocumentObject } from './document.ts';
import { UsageError } from './errors.ts';
import { parseDuration } from './time.ts';

/** How a server is to run, and which agents it is to have. */
export interface Settings {
  readonly agents: readonly string[];
  readonly root: string;
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsClientCa: string;
  readonly taskTypes: readonly string[];
  readonly sensors: readonly SensorMapping[];
  readonly storeRoots: readonly string[];
  readonly allowHosts: readonly string[];
  readonly denyHosts: readonly string[];
  readonly allowPorts: readonly number[];
  readonly httpsOnly: boolean;
  readonly reflection: boolean;
  readonly maxRequestBytes: number;
  /** In milliseconds. */
  readonly drain: number;
  readonly instance: string;
  /** In milliseconds. */
  readonly unreachableAfter: number;
  readonly logLevel: LogLevel;
}

/** The name of a setting: its key in the config file, from which its flag and its environment variable are derived. */
export type SettingName = keyof Settings;

/** What a setting means and which values it takes. */
export interface Setting<Value> {
  /** Reads the text of a flag or variable, and what a config file holds. */
  readonly schema: z.ZodType<Value>;
  /** What the schema takes, for errors. */
  readonly expected: string;
  readonly fallback: Value;
  /** The default in words, where the value does not tell. */
  readonly fallbackText?: string;
  readonly description: string;
  /** How help names the flag's value; absent for switches. */
  readonly placeholder?: string;
}

const wholeNumber = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
const port = wholeNumber.refine((value) => value >= 0 && value <= 65_535);
const text = z.string();
const names = z.union([z.array(text), text]).transform((value) => [value].flat().flatMap((part) => part.split(/[\s,]+/).filter(Boolean)));
const ports = z
  .union([z.array(z.union([text, z.int()])), text, z.int()])
  .transform((value) =>
    [value]
      .flat()
      .join(',')
      .split(/[\s,]+/)
      .filter(Boolean),
  )
  .refine((list) => list.every((each) => port.safeParse(each).success && Number(each) > 0))
  .transform((list) => list.map(Number));
const duration = z.union([text, z.number().nonnegative().transform(String)]).transform((value, context) => {
  const milliseconds = parseDuration(value)?.toMillis();
  if (milliseconds !== undefined && milliseconds >= 0) return milliseconds;
  context.addIssue('no duration');
  return z.NEVER;
});
const json: z.ZodType<JsonValue> = z.json();
const mapping = z.strictObject({
  module: text.min(1),
  name: text.min(1),
  use: text.min(1),
  config: z.record(text, json).exactOptional(),
});
const mappings = z.preprocess((value) => (typeof value === 'string' ? fromJson(value) : value), z.array(mapping));
const portExpected = 'a port: 0 to 65535';
const durationExpected = 'a duration: 90s, 15m, 1h30m, or seconds';
/** How much may be logged, most first. */
export const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** Every setting there is. Flags, variables, config keys and help are made from this table. */
export const settings: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  agents: {
    schema: names,
    expected: 'names of packages',
    fallback: [],
    fallbackText: 'all of --root',
    description: 'agent packages to serve; s3-sensor means @flyte-agents/s3-sensor',
  },
  root: {
    schema: text.min(1),
    expected: 'a folder',
    fallback: '.',
    fallbackText: 'the working directory',
    description: 'the package whose agents are meant: itself, or its dependencies',
    placeholder: 'folder',
  },
  host: {
    schema: text.min(1),
    expected: 'an address',
    fallback: '0.0.0.0',
    description: 'address to listen on',
    placeholder: 'address',
  },
  port: { schema: port, expected: portExpected, fallback: 8000, description: 'port for gRPC; 0 takes any free one', placeholder: 'number' },
  metricsPort: {
    schema: port,
    expected: portExpected,
    fallback: 9090,
    description: 'port for Prometheus; 0 takes any free one',
    placeholder: 'number',
  },
  tlsCert: {
    schema: text,
    expected: 'a file',
    fallback: '',
    fallbackText: 'none',
    description: 'PEM file with the certificate that gRPC shows, then its issuers; read again when it changes',
    placeholder: 'file',
  },
  tlsKey: {
    schema: text,
    expected: 'a file',
    fallback: '',
    fallbackText: 'none',
    description: 'PEM file with the key of the certificate, not encrypted',
    placeholder: 'file',
  },
  tlsClientCa: {
    schema: text,
    expected: 'a file',
    fallback: '',
    fallbackText: 'none',
    description: 'PEM file with authorities, one of which every client must have a certificate of',
    placeholder: 'file',
  },
  taskTypes: {
    schema: names,
    expected: 'names of task types',
    fallback: [],
    fallbackText: 'all',
    description: 'announce and serve only these task types',
    placeholder: 'names',
  },
  sensors: {
    schema: mappings,
    expected: 'a list of {module, name, use, config}, as JSON outside of a config file',
    fallback: [],
    fallbackText: 'none',
    description: 'Python classes of sensors, and the kind of sensor that takes their tasks; best in a config file',
    placeholder: 'json',
  },
  storeRoots: {
    schema: names,
    expected: 'URLs and folders',
    fallback: [],
    fallbackText: 'none',
    description: 'where results may be written and objects read: s3://bucket/prefix, gs://…, abfs://…, folders',
    placeholder: 'places',
  },
  allowHosts: {
    schema: names,
    expected: 'hosts',
    fallback: [],
    fallbackText: 'none',
    description: 'hosts that URLs of tasks may name although they are private: example.com, *.example.com, 10.0.0.0/8, minio.data.svc:9000',
    placeholder: 'hosts',
  },
  denyHosts: {
    schema: names,
    expected: 'hosts',
    fallback: [],
    fallbackText: 'none',
    description: 'hosts that they may not name; * leaves only those that are allowed',
    placeholder: 'hosts',
  },
  allowPorts: {
    schema: ports,
    expected: 'ports: 1 to 65535',
    fallback: [80, 443],
    fallbackText: '80, 443',
    description: 'ports that they may name',
    placeholder: 'numbers',
  },
  httpsOnly: {
    schema: z.union([z.boolean(), z.stringbool()]),
    expected: 'true or false',
    fallback: false,
    description: 'refuse URLs of tasks that are not https',
  },
  reflection: {
    schema: z.union([z.boolean(), z.stringbool()]),
    expected: 'true or false',
    fallback: false,
    description: 'let gRPC clients list the services; takes some memory',
  },
  maxRequestBytes: {
    schema: wholeNumber.refine((value) => value > 0),
    expected: 'a number of bytes',
    fallback: 64 * 1024 * 1024,
    fallbackText: '64 MiB',
    description: 'the largest request',
    placeholder: 'bytes',
  },
  drain: {
    schema: duration,
    expected: durationExpected,
    fallback: 20_000,
    fallbackText: '20s',
    description: 'how long a stop waits for calls under way',
    placeholder: 'duration',
  },
  instance: {
    schema: text,
    expected: 'a text',
    fallback: '',
    fallbackText: 'none',
    description: 'tells apart installations that share outside accounts',
    placeholder: 'name',
  },
  unreachableAfter: {
    schema: duration,
    expected: durationExpected,
    fallback: 3_600_000,
    fallbackText: '1h',
    description: 'how long a refused or missing service is borne before a task fails',
    placeholder: 'duration',
  },
  logLevel: {
    schema: z.enum(logLevels),
    expected: logLevels.join(', '),
    fallback: 'info',
    description: 'the least that is logged',
    placeholder: 'level',
  },
};

/** The names of all settings. */
// A table's keys are exactly the settings' names.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const settingNames: readonly SettingName[] = Object.keys(settings) as SettingName[];

/** The flag of a setting: `--metrics-port`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of a setting: `FLYTE_AGENTS_METRICS_PORT`. */
export function variableOf(name: SettingName): string {
  return `FLYTE_AGENTS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Where settings come from, strongest first. */
export interface SettingSources {
  /** What the command line gave, by setting; `config` names the config file. */
  readonly flags: Readonly<Partial<Record<SettingName | 'config', unknown>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Every setting's value: flag, else environment variable, else config file, else default.
 *
 * @throws UsageError when any of them is wrong, also one that a stronger source overrides
 */
export async function readSettings({ flags, environment }: SettingSources): Promise<Settings> {
  const path = flags.config ?? (environment['FLYTE_AGENTS_CONFIG'] || undefined);
  const file = typeof path === 'string' ? { path, content: await readConfig(path) } : undefined;
  const read = <Name extends SettingName>(name: Name): Settings[Name] => {
    const setting: Setting<Settings[Name]> = settings[name];
    const given = [
      // No agent on the command line says nothing, unlike an empty text.
      { value: Array.isArray(flags[name]) && flags[name].length === 0 ? undefined : flags[name], source: flagName(name) },
      { value: ofOperator(environment[variableOf(name)]), source: variableOf(name) },
      { value: file?.content[name], source: `${file?.path}: ${name}` },
    ];
    const [strongest] = given.filter(({ value }) => value !== undefined).map(({ value, source }) => toValue(setting, value, source));
    return strongest === undefined ? setting.fallback : strongest;
  };
  return {
    agents: read('agents'),
    root: read('root'),
    host: read('host'),
    port: read('port'),
    metricsPort: read('metricsPort'),
    tlsCert: read('tlsCert'),
    tlsKey: read('tlsKey'),
    tlsClientCa: read('tlsClientCa'),
    taskTypes: read('taskTypes'),
    sensors: read('sensors'),
    storeRoots: read('storeRoots'),
    allowHosts: read('allowHosts'),
    denyHosts: read('denyHosts'),
    allowPorts: read('allowPorts'),
    httpsOnly: read('httpsOnly'),
    reflection: read('reflection'),
    maxRequestBytes: read('maxRequestBytes'),
    drain: read('drain'),
    instance: read('instance'),
    unreachableAfter: read('unreachableAfter'),
    logLevel: read('logLevel'),
  };
}

function toValue<Value>({ schema, expected }: Setting<Value>, value: unknown, source: string): Value {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new UsageError(`${source}: expected ${expected}, got ${shown(value)}`, error);
}

/** `undefined` for what is no JSON: no setting takes that. */
function fromJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Agents come without a flag. */
function flagName(name: SettingName): string {
  return name === 'agents' ? 'agents' : flagOf(name);
}

async function readConfig(path: string): Promise<DocumentObject> {
  // A reader of YAML is 70 files; most servers have no such file.
  const { readDocument } = await import('./yaml.ts');
  const content = await readDocument(path);
  // An empty file sets nothing.
  if (content === null) return {};
  if (!isMapping(content)) throw new UsageError(`${path}: expected settings by name, got ${shown(content)}`);
  const unknown = Object.keys(content).filter((key) => !Object.hasOwn(settings, key));
  if (unknown.length > 0) throw new UsageError(`${path}: ${unknown.join(', ')}: no such setting (there are ${settingNames.join(', ')})`);
  return content;
}

/**
 * What an operator set. Not what Kubernetes sets in every pod beside a service that is called `flyte-agents`:
 * `FLYTE_AGENTS_PORT=tcp://10.96.0.7:8000`. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function ofOperator(value: string | undefined): string | undefined {
  return value?.startsWith('tcp://') === true ? undefined : value || undefined;
}
