import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type AgentServer, type TlsFiles } from '@flyte-agents/core';
import { Option, type Command } from 'commander';
import { agentHeadings, agentsOf, describeAgents, findAgents, toRow } from './agents.ts';
import { CommandError, UsageError } from './errors.ts';
import { screenLogger } from './logs.ts';
import { giveBackMemory } from './rest.ts';
import { flagOf, readSettings, settingNames, settings, variableOf, type SettingName, type Settings } from './settings.ts';
import { toTable } from './table.ts';

/** What `pyflyte serve` calls what it serves: no package of ours. */
const incumbentWords = ['agent', 'connector'];

/** The flags of `serve` beside the settings. */
interface ServeFlags extends Partial<Record<SettingName | 'config', unknown>> {
  readonly prometheus_port?: string;
  readonly connect_port?: string;
  readonly worker?: string;
  readonly timeout?: string;
  readonly modules?: readonly string[];
}

/** Adds `serve` to the program. */
export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .summary('serve agents to Flyte')
    .description('Serves agents over gRPC to Flyte 1 and Flyte 2. No credential is needed to start: tasks ask for theirs.')
    .argument('[agents...]', `${settings.agents.description} (default: ${settings.agents.fallbackText})`)
    .option('--config <file>', 'YAML or JSON file with settings by name');
  for (const name of settingNames) if (name !== 'agents' && name !== 'root') addSetting(command, name);
  command
    .addOption(new Option('--prometheus_port <number>').hideHelp())
    .addOption(new Option('--connect_port <number>').hideHelp())
    .addOption(new Option('--worker <number>').hideHelp())
    .addOption(new Option('--timeout <seconds>').hideHelp())
    .addOption(new Option('--modules <names...>').hideHelp())
    .addHelpText(
      'after',
      `
Every setting has a flag, a variable and a key in the config file, and the first of them that is
given counts: ${flagOf('metricsPort')}, ${variableOf('metricsPort')}, metricsPort. Agents have
${variableOf('agents')}.

Commands of the Python server work too: serve agent, serve connector, with --prometheus_port (which
is --metrics-port), --timeout (stop after so many seconds), --worker and --connect_port (have no
effect) and --modules (Python modules are never loaded).

Examples:
  flyte-agents serve
  flyte-agents serve s3-sensor --port 8001
  FLYTE_AGENTS_PORT=8001 flyte-agents serve --config flyte-agents.yaml
  flyte-agents serve agent --port 8000 --prometheus_port 9090`,
    )
    .action(async (words: readonly string[], _options: object, self: Command) => {
      await serve(words, self.optsWithGlobals<ServeFlags>());
    });
}

/** Adds a setting's flag to a command. @param isHidden whether help leaves it out */
export function addSetting(command: Command, name: SettingName, isHidden: boolean = false): void {
  const { description, placeholder, fallback } = settings[name];
  // Lists are empty by default, and say so in words.
  const { fallbackText = typeof fallback === 'object' ? '' : String(fallback) } = settings[name];
  if (placeholder !== undefined) {
    const text = `${description} (default: ${fallbackText})`;
    command.addOption(new Option(`${flagOf(name)} <${placeholder}>`, text).hideHelp(isHidden));
    return;
  }
  const opposite = flagOf(name).replace('--', '--no-');
  command
    .addOption(new Option(flagOf(name), description).hideHelp(isHidden || fallback === true))
    .addOption(new Option(opposite, `do not ${description}`).hideHelp(isHidden || fallback === false));
}

/** Serves until a signal, or the end of the time, stops it. */
async function serve(words: readonly string[], flags: ServeFlags): Promise<void> {
  const agents = incumbentWords.includes(words[0] ?? '') ? words.slice(1) : words;
  const seconds = secondsOf(flags.timeout);
  const values = await readSettings({
    flags: { ...flags, agents, metricsPort: flags.metricsPort ?? flags.prometheus_port },
    environment: process.env,
  });
  const logger = screenLogger(values.logLevel);
  if (flags.worker !== undefined) logger.info({}, '--worker has no effect: one event loop serves all calls');
  if (flags.connect_port !== undefined) logger.info({}, '--connect_port has no effect: all calls come through gRPC');
  if (flags.modules !== undefined) logger.warn({ modules: flags.modules }, '--modules has no effect: Python modules are never loaded');
  const tls = toTlsFiles(values);
  const packages = await findAgents(values);
  const server = await started(values, () =>
    startServer({
      agents: agentsOf(packages),
      taskTypes: values.taskTypes.length === 0 ? undefined : values.taskTypes,
      sensors: values.sensors,
      storeRoots: values.storeRoots,
      allowHosts: values.allowHosts,
      denyHosts: values.denyHosts,
      allowPorts: values.allowPorts,
      httpsOnly: values.httpsOnly,
      host: values.host,
      port: values.port,
      metricsPort: values.metricsPort,
      tls,
      reflection: values.reflection,
      maxRequestBytes: values.maxRequestBytes,
      drainMs: values.drain,
      instance: values.instance === '' ? undefined : values.instance,
      unreachableAfterMs: values.unreachableAfter,
      logger,
    }),
  );
  const rows = describeAgents(server.registry, packages).map(toRow);
  process.stdout.write(`${toTable(agentHeadings, rows, process.stdout)}\n\n${addresses(server, values.host)}\n`);
  giveBackMemory();
  await stopRequest(seconds);
  await server.stop();
}

function addresses({ port, metricsPort }: AgentServer, host: string): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `gRPC     ${name}:${port}\nmetrics  http://${name}:${metricsPort}/metrics\n`;
}

/** The files that TLS needs, `undefined` without TLS. @throws UsageError when one of them is not given */
export function toTlsFiles({ tlsCert: cert, tlsKey: key, tlsClientCa: clientCa }: Settings): TlsFiles | undefined {
  if (cert === '' && key === '' && clientCa === '') return undefined;
  if (cert === '' || key === '') throw new UsageError(`TLS needs both ${flagOf('tlsCert')} and ${flagOf('tlsKey')}`);
  return { cert, key, clientCa: clientCa === '' ? undefined : clientCa };
}

/** Starts, or says which flag to change. */
async function started(values: Settings, start: () => Promise<AgentServer>): Promise<AgentServer> {
  const { port, metricsPort, host } = values;
  if (port === metricsPort && port !== 0) throw new UsageError(`${flagOf('port')} and ${flagOf('metricsPort')} are both ${port}`);
  try {
    return await start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    const flag = flagOf(reason.includes(`:${metricsPort}`) && metricsPort !== 0 ? 'metricsPort' : 'port');
    const taken = flag === flagOf('port') ? port : metricsPort;
    if (reason.includes('EADDRINUSE'))
      throw new CommandError(`port ${taken} is in use: choose another with ${flag}; 0 takes any free one`, 1, error);
    if (reason.includes('EACCES'))
      throw new CommandError(`port ${taken} may not be used by this user: choose another with ${flag}`, 1, error);
    if (/EADDRNOTAVAIL|ENOTFOUND/.test(reason))
      throw new CommandError(`${host} is no address of this machine: correct ${flagOf('host')}`, 1, error);
    const tlsFiles = [values.tlsCert, values.tlsKey, values.tlsClientCa];
    if (tlsFiles.some((file) => file !== '' && reason.includes(file))) throw new CommandError(reason, 1, error);
    if (/task type|both claim|^(?:allow|deny)Hosts: /.test(reason)) throw new UsageError(reason, error);
    throw error;
  }
}

function secondsOf(text: string | undefined): number | undefined {
  const seconds = text === undefined ? undefined : Number(text);
  if (seconds === undefined || (seconds >= 0 && seconds < 2 ** 31 / 1000)) return seconds;
  throw new UsageError(`--timeout: expected a number of seconds, got ${JSON.stringify(text)}`);
}

/** Resolves at the first signal or when the time is over; a second signal ends the process at once. */
async function stopRequest(seconds: number | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const;
  let signals = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(128 + numbers[signal]);
      resolve();
    });
  }
  await (seconds === undefined ? promise : Promise.race([promise, sleep(seconds * 1000)]));
}
