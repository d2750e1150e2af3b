import { canDo, type AsyncAgent, type SyncAgent } from './agent.ts';
import type { JsonObject } from './literals/model.ts';
import type { Logger } from './logger.ts';
import type { Sensor } from './sensor.ts';
import { SensorHost, type SensorMapping } from './sensor-host.ts';

/** Any agent that serves task types of its own. */
export type Agent = AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>;

/** What an agent package exports as its default: its agents and sensors, ready to serve without any credential. */
export type AgentList = readonly (Agent | Sensor<unknown>)[];

/** Task type → agent. Fixed at the start of a server, so that listings never wait for anything (R9). */
export class AgentRegistry {
  /** The agents in the order of their installation; all sensors are one. */
  readonly agents: readonly Agent[];
  readonly #byType = new Map<string, Agent>();

  /**
   * @param taskTypes serve only these; default: all. For types that the engine's own plugins run here.
   * @param mappings Python classes of sensors, and the installed sensors that take their tasks
   * @throws Error when two agents claim a task type, two sensors a task, or `taskTypes` or a mapping names what nobody serves
   */
  constructor(installed: AgentList, taskTypes?: readonly string[], mappings: readonly SensorMapping[] = []) {
    const sensors = installed.filter((entry) => entry.kind === 'sensor');
    const agents: Agent[] = installed.filter((entry) => entry.kind !== 'sensor');
    if (sensors.length > 0 || mappings.length > 0) agents.push(new SensorHost(sensors, mappings));
    const allowed = taskTypes && new Set(taskTypes);
    for (const agent of agents) {
      for (const { name } of agent.taskTypes) {
        const other = this.#byType.get(name);
        if (other !== undefined) throw new Error(`task type ${name} is served by ${other.name} and by ${agent.name}: install one of them`);
        if (allowed === undefined || allowed.delete(name)) this.#byType.set(name, agent);
      }
    }
    const unserved = [...(allowed ?? [])];
    if (unserved.length > 0)
      throw new Error(`no installed agent serves task type ${unserved.join(', ')}: install one, or take it off the list`);
    this.agents = agents.filter((agent) => this.taskTypes(agent).length > 0);
  }

  find(taskType: string): Agent | undefined {
    return this.#byType.get(taskType);
  }

  /** Whether the engine may have an agent's tasks done within one call. */
  isSync(agent: Agent): boolean {
    return canDo(agent);
  }

  /** The names of the task types that an agent serves here. */
  taskTypes(agent: Agent): readonly string[] {
    return agent.taskTypes.map(({ name }) => name).filter((name) => this.#byType.get(name) === agent);
  }

  /** Loads the agent's SDK before the first task, if there is one agent only; several load theirs on their first task. */
  async prepare(logger: Logger): Promise<void> {
    const [only, ...others] = this.agents;
    if (only === undefined || others.length > 0) return;
    await only.prepare();
    logger.debug({ agent: only.name }, 'agent is loaded');
  }
}
