import {
  AgentError,
  AgentRegistry,
  Checkup,
  checksOf,
  createFetch,
  ObjectStore,
  storeCheck,
  tlsChecks,
  type AgentList,
  type AgentPackage,
  type Check,
  type CheckupOptions,
  type ReadableStore,
} from '@flyte-agents/core';
import type { Command } from 'commander';
import { agentsOf, findAgents } from './agents.ts';
import { CheckProgress } from './doctor/progress.ts';
import { isFine, toJson, toReport, type Group } from './doctor/report.ts';
import { UsageError } from './errors.ts';
import { addSetting, toTlsFiles } from './serve.ts';
import { flagOf, readSettings, settingNames, settings, type SettingName, type Settings } from './settings.ts';
import { parseDuration } from './time.ts';

/** The settings that change what is found. The others of `serve` are taken too, so that its command line can be used as it is. */
const relevant: ReadonlySet<SettingName> = new Set([
  'tlsCert',
  'tlsKey',
  'tlsClientCa',
  'taskTypes',
  'sensors',
  'storeRoots',
  'allowHosts',
  'denyHosts',
  'allowPorts',
  'httpsOnly',
]);

interface DoctorFlags extends Partial<Record<SettingName | 'config', unknown>> {
  readonly project?: string;
  readonly domain?: string;
  readonly timeout: string;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** Something with checks, before they ran. */
interface Patient extends Omit<Group, 'findings'> {
  readonly checks: readonly Check[];
}

/** Adds `doctor` to the program. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check secrets, services and places, and say what to fix')
    .description(
      'Checks what the agents need: secrets, the services behind them, permissions where that is cheap, the places of the store, the TLS files. It says what to fix, and shows no secret.',
    )
    .argument('[agents...]', `agent packages to check; s3-sensor means @flyte-agents/s3-sensor (default: ${settings.agents.fallbackText})`)
    .option('--project <name>', 'the project whose secrets are asked for (default: those for all)')
    .option('--domain <name>', 'the domain whose secrets are asked for (default: those for all)')
    .option('--write', 'write a small object to every place of the store, read it, and delete it')
    .option('--timeout <duration>', 'how long each check may take', '10s')
    .option('--json', 'print one JSON object')
    .option('--config <file>', 'YAML or JSON file with settings by name');
  for (const name of settingNames) if (name !== 'agents' && name !== 'root') addSetting(command, name, !relevant.has(name));
  command
    .addHelpText(
      'after',
      `
The settings are those of serve: its flags, variables and config file. Run it where the server runs,
as the same user: it looks for credentials where the server would.

Ends with 0 when all is fine or there are only warnings, 1 when there is a problem, 2 when something
was given wrongly.

Examples:
  flyte-agents doctor
  flyte-agents doctor openai --project sales --domain production
  flyte-agents doctor --config flyte-agents.yaml --write
  kubectl exec deploy/flyte-agents -- flyte-agents doctor --json`,
    )
    .action(async (agents: readonly string[], _options: object, self: Command) => {
      const flags = self.optsWithGlobals<DoctorFlags>();
      const groups = await examine({ ...flags, agents });
      process.stdout.write(`${flags.json === true ? toJson(groups) : toReport(groups, process.stdout)}\n`);
      process.exitCode = isFine(groups) ? 0 : 1;
    });
}

/** Runs all checks at the same time. */
async function examine(flags: DoctorFlags): Promise<readonly Group[]> {
  const { project = '', domain = '', write } = flags;
  const limitMs = toLimit(flags.timeout);
  const values = await readSettings({ flags, environment: process.env });
  const tls = toTlsFiles(values);
  const packages = await findAgents(values);
  const registry = registryOf(packages, values);
  const serverChecks = [...(tls === undefined ? [] : tlsChecks(tls)), ...storeChecks(registry, values.storeRoots, write)];
  const server = { name: 'Server', package: undefined, checks: serverChecks };
  const patients: readonly Patient[] = [...(serverChecks.length > 0 ? [server] : []), ...agentsWithChecks(packages, registry)];
  const checkup = new Checkup({ project, domain, limitMs, ...provisions(values) });
  const progress = new CheckProgress(process.stderr);
  try {
    return await Promise.all(
      patients.map(async ({ checks, ...patient }) => ({
        ...patient,
        findings: await Promise.all(checks.map((check) => progress.during(`${patient.name}: ${check.name}`, checkup.run(check)))),
      })),
    );
  } finally {
    progress.stop();
  }
}

/** @throws UsageError when a server could not have these agents together */
function registryOf(packages: readonly AgentPackage[], { taskTypes, sensors }: Settings): AgentRegistry {
  return wrongUse(() => new AgentRegistry(agentsOf(packages), taskTypes.length === 0 ? undefined : taskTypes, sensors));
}

/** The places of the store; without one, whether an agent will miss it. */
function storeChecks(registry: AgentRegistry, roots: readonly string[], write: boolean | undefined): readonly Check[] {
  const doers = registry.agents.filter((agent) => registry.isSync(agent)).map(({ name }) => name);
  if (roots.length > 0 || doers.length === 0) return roots.map((root) => storeCheck(root, { write }));
  const message = `none is set: results of ${doers.join(', ')} do not reach an engine that polls for them, such as Flyte 2 (set ${flagOf('storeRoots')} to where the engine keeps its data: s3://bucket/prefix)`;
  const run = (): never => {
    throw new AgentError({ code: 'FAILED_PRECONDITION', message });
  };
  return [{ name: 'store', isOptional: true, run }];
}

/** The agents and sensors that a server would serve. */
function agentsWithChecks(packages: readonly AgentPackage[], registry: AgentRegistry): readonly Patient[] {
  const hasSensors = registry.find('sensor') !== undefined || registry.find('file_sensor') !== undefined;
  const isServed = (agent: AgentList[number]): boolean => (agent.kind === 'sensor' ? hasSensors : registry.agents.includes(agent));
  return packages.flatMap(({ name, version, agents }) =>
    agents.filter(isServed).map((agent) => ({
      name: agent.kind === 'sensor' ? `Sensor (${agent.name})` : agent.name,
      package: `${name}@${version}`,
      checks: checksOf(agent),
    })),
  );
}

/** What a server with these settings gives its agents. */
function provisions(values: Settings): Pick<CheckupOptions, 'fetch' | 'store'> {
  return { fetch: wrongUse(() => createFetch(values)), store: storeOf(values.storeRoots) };
}

/** `undefined` also where a place is named wrongly, which its own check tells. */
function storeOf(roots: readonly string[]): ReadableStore | undefined {
  try {
    return roots.length === 0 ? undefined : new ObjectStore({ roots });
  } catch {
    return undefined;
  }
}

/** @throws UsageError instead of an error that says which setting is wrong */
function wrongUse<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), error);
  }
}

function toLimit(text: string): number {
  const milliseconds = parseDuration(text)?.toMillis() ?? 0;
  if (milliseconds > 0 && milliseconds < 2 ** 31) return milliseconds;
  throw new UsageError(`--timeout: expected a duration above zero: 10s, 1m, or seconds, got ${JSON.stringify(text)}`);
}
