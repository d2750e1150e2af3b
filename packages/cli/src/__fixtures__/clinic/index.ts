import {
  AgentError,
  secretCheck,
  Sensor,
  SyncAgent,
  type AgentList,
  type Check,
  type ErrorCode,
  type PokeResult,
  type Resource,
  type TaskType,
} from '@flyte-agents/core';
import { z } from 'zod';

/** Agents whose checks come out in every way there is; their secret is `clinic_token`. */

const secret = { name: 'clinic_token' };

class ClinicAgent extends SyncAgent<object> {
  readonly name: string;
  readonly taskTypes: readonly TaskType[];
  readonly config = z.looseObject({});
  readonly #checks: () => readonly Check[];

  constructor(name: string, checks: () => readonly Check[]) {
    super();
    this.name = name;
    this.taskTypes = [{ name: name.toLowerCase() }];
    this.#checks = checks;
  }

  override checks(): readonly Check[] {
    return this.#checks();
  }

  async do(): Promise<Resource> {
    return { phase: 'SUCCEEDED' };
  }
}

class WardSensor extends Sensor<object> {
  readonly name = 'ward';
  readonly claims = { kind: 'ward' };
  readonly config = z.looseObject({});

  override checks(): readonly Check[] {
    return [{ name: 'beds', run: async ({ project, domain }) => `seen for ${project}/${domain}` }];
  }

  async poke(): Promise<PokeResult> {
    return { met: true };
  }
}

function throws(name: string, code: ErrorCode, message: string): Check {
  return {
    name,
    run: async () => {
      throw new AgentError({ code, message });
    },
  };
}

const agents: AgentList = [
  new ClinicAgent('Healthy', () => [secretCheck(secret), { name: 'service', run: async () => 'answers' }]),
  new ClinicAgent('Untested', () => []),
  new ClinicAgent('Sick', () => [
    throws('service', 'PERMISSION_DENIED', 'Clinic: 403 Forbidden (grant clinic.read to the account)'),
    throws('queue', 'UNAVAILABLE', 'Clinic queue: 503'),
    throws('quota', 'RESOURCE_EXHAUSTED', 'Clinic: 429 slow down'),
    { ...throws('extra', 'NOT_FOUND', 'no extra is installed (npm install extra to have it)'), isOptional: true },
    throws('again', 'PERMISSION_DENIED', 'Clinic: 403 Forbidden (grant clinic.read to the account)'),
    { name: 'hanging', run: () => new Promise<string>(() => {}) },
    {
      name: 'leaking',
      run: async ({ secrets }) => {
        throw new Error(`401: wrong token ${await secrets.require(secret)}`);
      },
    },
    { name: 'boasting', run: async ({ secrets }) => `let in with ${await secrets.require(secret)}` },
  ]),
  new ClinicAgent('Broken', () => {
    throw new Error('no list of checks');
  }),
  new WardSensor(),
];
export default agents;
