import { Sensor, type AgentContext, type PokeResult, type Schema, type SensorTask } from '@flyte-agents/core';
import { z } from 'zod';
import type { Fault } from '../faults.ts';
import { World } from '../world.ts';
import { rethrow, toServiceError, type ServiceError } from './service-error.ts';

const flagConfig = z.looseObject({ flag: z.string() });
export type FlagConfig = z.infer<typeof flagConfig>;

/** A service with flags. */
export interface FlagClient {
  isUp(flag: string, signal: AbortSignal): Promise<boolean>;
}

/** Waits until a flag is up. */
export class FlagSensor extends Sensor<FlagConfig> {
  readonly name = 'Flag';
  readonly claims = { kind: 'flag' };
  readonly config: Schema<FlagConfig> = flagConfig;
  readonly #client: FlagClient;

  constructor(client: FlagClient) {
    super();
    this.#client = client;
  }

  async poke({ config }: SensorTask<FlagConfig>, { signal }: AgentContext): Promise<PokeResult> {
    const met = await this.#client.isUp(config.flag, signal).catch(rethrow(`flag ${config.flag}`));
    return { met, message: `flag ${config.flag} is ${met ? 'up' : 'down'}` };
  }
}

/** The service with flags. */
export class FlagWorld extends World {
  readonly #apiKey = this.canaries.make('api key');
  #isUp = false;

  agent(): FlagSensor {
    return new FlagSensor(this.client());
  }

  client(): FlagClient {
    return { isUp: (_flag, signal) => this.call('read', () => this.#isUp, signal) };
  }

  override finish(): void {
    this.#isUp = true;
  }

  protected override error(fault: Fault): ServiceError {
    return toServiceError(fault, this.#apiKey);
  }
}
