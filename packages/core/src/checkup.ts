import type { Check } from './check.ts';
import { Tenants, type Provisions } from './dispatcher/tenant.ts';
import { AgentError, shortened, type ErrorCode } from './errors.ts';
import { createLogger, type Logger } from './logger.ts';
import type { AgentContext } from './task.ts';

/** What came of a {@link Check}. */
export interface Finding {
  /** The check's name. */
  readonly name: string;
  /** A warning keeps no task from running, or passes by itself. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  /** What was found, or what is wrong: one line, no secret. */
  readonly message: string;
  /** What to do about it, where that is known. */
  readonly fix?: string | undefined;
  readonly elapsedMs: number;
}

/** On whose behalf things are checked, and for how long. */
export interface CheckupOptions extends Provisions {
  /** Whose secrets are asked for. */
  readonly project: string;
  readonly domain: string;
  /** How long each check may take, in milliseconds. */
  readonly limitMs: number;
  /** Default: nothing is logged. */
  readonly logger?: Logger | undefined;
}

/** What to do about errors that do not say it. */
const advice: Partial<Record<ErrorCode, string>> = {
  UNAVAILABLE: 'if it does not pass by itself, let this machine reach the service: address, DNS, proxy, firewall',
  DEADLINE_EXCEEDED: 'let this machine reach the service (address, DNS, proxy, firewall), or give the check more time',
  RESOURCE_EXHAUSTED: 'wait: tasks do so too; if it stays, ask for a higher quota',
  UNAUTHENTICATED: 'correct the credentials where the server runs',
  PERMISSION_DENIED: 'grant the permission to the account whose credentials the server has',
  INTERNAL: 'this is a defect of the agent: report it, with its version',
};

/** A hint at the end of a message: `access denied (grant bigquery.jobUser)`. What is one word there is a fact, such as an error's name. */
const hintAtEnd = /^(.+?) \(([a-z][^()]* (?:[^()]|\([^()]*\))*)\)$/;

/** Runs checks with what a server would give its agents. A check that fails, however it does that, is a finding. */
export class Checkup {
  readonly #options: CheckupOptions;
  readonly #tenants: Tenants;
  readonly #logger: Logger;

  constructor(options: CheckupOptions) {
    this.#options = options;
    this.#tenants = new Tenants(options);
    this.#logger = options.logger ?? createLogger({ level: 'silent' });
  }

  /** Never rejects, and ends in time also when the check does not. */
  async run(check: Check): Promise<Finding> {
    const { project, domain, limitMs } = this.#options;
    const start = performance.now();
    const controller = new AbortController();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new AgentError({ code: 'DEADLINE_EXCEEDED', message: `no answer within ${limitMs / 1000} s` }));
      controller.abort();
    }, limitMs);
    const { signal } = controller;
    const deadline = Date.now() + limitMs;
    const context = { ...this.#tenants.context({ project, domain }), signal, deadline, logger: this.#logger };
    try {
      const found = await Promise.race([run(check, context), late]);
      return { name: check.name, outcome: 'ok', message: oneLine(found), elapsedMs: performance.now() - start };
    } catch (error) {
      return { ...toFinding(check, AgentError.from(error)), elapsedMs: performance.now() - start };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The checks of an agent or a sensor; what its list of them throws is what the one check finds. */
export function checksOf(agent: { checks(): readonly Check[] }): readonly Check[] {
  try {
    return agent.checks();
  } catch (error) {
    return [{ name: 'checks', run: () => Promise.reject(AgentError.from(error)) }];
  }
}

/** What the check throws before it first waits is told like all the rest. */
async function run(check: Check, context: AgentContext): Promise<string> {
  return check.run(context);
}

function toFinding({ name, isOptional = false }: Check, { code, message, passes }: AgentError): Omit<Finding, 'elapsedMs'> {
  const text = oneLine(message);
  const [, what = text, hint = advice[code]] = hintAtEnd.exec(text) ?? [];
  // Who is told to come later was let in.
  const outcome = isOptional || (passes && code === 'RESOURCE_EXHAUSTED') ? 'warning' : 'problem';
  return { name, outcome, message: what, fix: hint };
}

/** For a screen: without a secret, and without characters that do something there. */
function oneLine(text: string): string {
  return shortened(text)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}
