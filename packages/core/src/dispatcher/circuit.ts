import type { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { JsonObject } from '../literals/model.ts';
import { Memory } from '../memory.ts';
import type { AgentContext } from '../task.ts';

/** So many passing faults in a row, and a host is left alone for a while. */
const faultsToOpen = 10;
/** For how long, in milliseconds: the first time, and at most. Doubles with every try that fails. */
const shortestRestMs = 1000;
const longestRestMs = 30_000;
/** A call that tries a host and does not come back is given up after this, in milliseconds. */
const longestTryMs = 60_000;
/** How many retries a host may be asked for in a burst, in tenths; every success gives a tenth of one back. */
const retryBurst = 100;
const retryCost = 10;
const rememberedHosts = 1000;

interface Host {
  faults: number;
  fault: AgentError | undefined;
  restMs: number;
  /** Until when nothing is sent, in milliseconds since 1970. */
  closedUntil: number;
  /** Until when one call is out to see if the host is back, in milliseconds since 1970; 0: none is. */
  triedUntil: number;
  /** In tenths. */
  retries: number;
}

/**
 * Keeps from hammering a service that is down (C15): after many passing faults in a row its host gets a rest, then one call
 * to try; and calls are retried only while most of them succeed. Per replica, host, and credentials.
 */
export class Circuits {
  readonly #hosts = new Memory<string, Host>(rememberedHosts);

  /** The name of a host as a tenant sees it: what is down for one set of credentials may be up for another. */
  static host(agent: AsyncAgent<unknown, JsonObject>, where: JsonObject, { secrets }: Pick<AgentContext, 'secrets'>): string {
    // Unambiguous whatever the names hold: polls of one host share the credentials of one tenant.
    return JSON.stringify([agent.name, agent.hostOf(where), secrets.tenant]);
  }

  /**
   * Makes a call unless the host is at rest. One that its caller gave up says nothing of the host; one that had no answer in time does.
   *
   * @param of the name of the host, and the signal that ends the call
   * @throws AgentError UNAVAILABLE, not submitted, while the host is at rest; else what the call throws
   */
  async call<Value>(of: { readonly host: string; readonly signal: AbortSignal }, call: () => Promise<Value>): Promise<Value> {
    const host = this.#host(of.host);
    const now = Date.now();
    const restMs = host.closedUntil - now;
    if (host.fault !== undefined && (restMs > 0 || host.triedUntil > now)) {
      const { message } = host.fault;
      throw new AgentError({ code: 'UNAVAILABLE', message, submitted: 'no', retryAfterMs: Math.max(restMs, 50), cause: host.fault });
    }
    host.triedUntil = host.fault === undefined ? 0 : now + longestTryMs;
    try {
      const value = await call();
      this.#succeeded(host);
      return value;
    } catch (error) {
      const fault = AgentError.from(error);
      if (isGivenUp(of.signal)) host.triedUntil = 0;
      // Who answers that something is wrong with a call is there.
      else if (fault.passes && fault.code !== 'INTERNAL') failed(host, fault);
      else this.#succeeded(host);
      throw error;
    }
  }

  /** Whether a failed call may be retried; takes one retry off the host's quota. */
  mayRetry(name: string): boolean {
    const host = this.#host(name);
    if (host.retries < retryCost) return false;
    host.retries -= retryCost;
    return true;
  }

  #succeeded(host: Host): void {
    host.faults = 0;
    host.fault = undefined;
    host.triedUntil = 0;
    host.restMs = shortestRestMs;
    host.retries = Math.min(retryBurst, host.retries + 1);
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = { faults: 0, fault: undefined, restMs: shortestRestMs, closedUntil: 0, triedUntil: 0, retries: retryBurst };
    this.#hosts.set(name, host);
    return host;
  }
}

/** Whether the caller hung up, and no deadline ended the call. */
function isGivenUp({ aborted, reason }: AbortSignal): boolean {
  return aborted && !(reason instanceof Error && reason.name === 'TimeoutError');
}

function failed(host: Host, fault: AgentError): void {
  host.faults++;
  const wasTried = host.triedUntil > 0;
  host.triedUntil = 0;
  if (host.faults < faultsToOpen) return;
  if (wasTried) host.restMs = Math.min(longestRestMs, host.restMs * 2);
  host.fault = fault;
  // Replicas and hosts come back at different times.
  host.closedUntil = Date.now() + Math.max(fault.retryAfterMs ?? 0, host.restMs * (0.5 + Math.random() / 2));
}
