import { hash } from 'node:crypto';
import type { AsyncAgent, SyncAgent } from './agent.ts';
import { AgentError, errorCodes, type ErrorCode } from './errors.ts';
import { toFailurePolicy, type FailurePolicy } from './failures.ts';
import { toKey, type IdempotencyKey } from './idempotency.ts';
import { isObject } from './literals/json.ts';
import type { JsonObject, JsonValue } from './literals/model.ts';
import { holdsSecret, redact } from './redact.ts';
import { parse } from './schema.ts';

/**
 * What the engine stores for a task (`resource_meta`) and sends back with every get and delete: the agent's own reference
 * and what only create is told. Version 1. It lands in the cluster's store and in the engine's log: no secret, aim 1 KiB.
 * Of a task that a Python agent created, type, project and domain are empty.
 */
export interface Reference {
  readonly type: string;
  readonly project: string;
  readonly domain: string;
  readonly key: IdempotencyKey;
  /** When create answered, in milliseconds since 1970; 0 for tasks of a Python agent: long ago. */
  readonly at: number;
  /** How the task's author wants failures told. Default: as their cause suggests. */
  readonly failures?: FailurePolicy | undefined;
  readonly content: ReferenceContent;
}

/** What a reference leads to. */
export type ReferenceContent =
  /** A job: the agent's own reference. */
  | { readonly kind: 'ref'; readonly ref: JsonObject }
  /** A fault found in create, which the first get tells. */
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** Work that is done; its outputs are where the engine reads them. */
  | { readonly kind: 'done'; readonly customInfo?: JsonObject }
  /** The outputs of work that is done, as tagged JSON. */
  | { readonly kind: 'result'; readonly result: JsonObject; readonly customInfo?: JsonObject }
  /** A submit whose outcome is unknown: where to look for the job by its key. */
  | { readonly kind: 'pending'; readonly where: JsonObject };

/** A fault that ends the task; `retryable` spends one of the user's retries. */
interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** An agent whose reference it may be; a sync agent has none of its own. */
type StoringAgent = AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>;

/** References above this are refused, in bytes: the engine keeps them inside the workflow's object. */
const maxReferenceBytes: number = 8 * 1024;

/** @throws AgentError INVALID_ARGUMENT when the reference is too large, INTERNAL when a secret would be stored with it */
export function encodeReference({ content, ...head }: Reference): Uint8Array {
  const body = toBody(content);
  // A failure is its message, which is free of them: it must be told, also where a secret is a word of this format.
  if (content.kind !== 'failure' && holdsSecret(JSON.stringify(body))) {
    const message =
      'the reference to this task would hold a secret, and references are stored in clear: this is a defect of its agent, unless the secret is an ordinary word (then change it)';
    throw new AgentError({ code: 'INTERNAL', message, passes: false });
  }
  // Not a Buffer: those share blocks of memory, and one answer that is kept would keep a whole block.
  const bytes = new TextEncoder().encode(JSON.stringify({ v: 1, ...head, ...body }));
  if (bytes.byteLength > maxReferenceBytes) {
    const message = `the reference to this task takes ${bytes.byteLength} bytes, ${maxReferenceBytes} are allowed: make its config or inputs smaller`;
    throw new AgentError({ code: 'INVALID_ARGUMENT', message });
  }
  return bytes;
}

function toBody(content: ReferenceContent): JsonObject {
  switch (content.kind) {
    case 'ref':
      return { ref: content.ref };
    case 'done':
      return { done: true, ...(content.customInfo && { info: content.customInfo }) };
    case 'result':
      return { result: content.result, ...(content.customInfo && { info: content.customInfo }) };
    case 'failure':
      return { failure: { ...content.failure, message: redact(content.failure.message) } };
    case 'pending':
      return { pending: content.where };
  }
}

/**
 * @param agent whose reference it is: it may know how to read a Python agent's
 * @throws AgentError INVALID_ARGUMENT for anything that neither {@link encodeReference} nor a known Python agent wrote
 */
export function decodeReference(bytes: Uint8Array, agent?: StoringAgent): Reference {
  // The first byte of every pickle since protocol 2.
  if (bytes[0] === 0x80) throw undecodable('a Python agent pickled it, and unpickling runs code: start the task again');
  if (bytes.byteLength > maxReferenceBytes)
    throw undecodable(`it has ${bytes.byteLength} bytes, this server writes at most ${maxReferenceBytes}`);
  const value = parseJson(bytes);
  if (!isObject(value)) throw undecodable('it is not JSON that this server writes');
  if (!('v' in value)) return fromLegacy(value, bytes, agent);
  const { v, type, project, domain, key, at, failures } = value;
  if (v !== 1) throw undecodable(`its version is ${JSON.stringify(v)}, this server reads version 1: update the server`);
  if (typeof type !== 'string' || typeof project !== 'string' || typeof domain !== 'string' || typeof at !== 'number' || !isKey(key)) {
    throw undecodable('a field of it is missing or of another type');
  }
  return { type, project, domain, key, at, failures: toFailurePolicy(failures), content: toContent(value) };
}

/** No tenant, and a key that every replica gives the same job. */
function fromLegacy(value: JsonObject, bytes: Uint8Array, agent: StoringAgent | undefined): Reference {
  if (agent?.kind !== 'async' || agent.legacyRef === undefined) throw undecodable('it is not JSON that this server writes');
  const ref = parse(agent.legacyRef, value, 'the stored reference of a Python agent');
  return { type: '', project: '', domain: '', key: toKey(hash('sha256', bytes)), at: 0, content: { kind: 'ref', ref } };
}

function toContent({ ref, done, result, info, failure, pending }: JsonObject): ReferenceContent {
  const customInfo = isObject(info) && { customInfo: info };
  if (isObject(ref)) return { kind: 'ref', ref };
  if (done === true) return { kind: 'done', ...customInfo };
  if (isObject(result)) return { kind: 'result', result, ...customInfo };
  if (isObject(pending)) return { kind: 'pending', where: pending };
  if (!isObject(failure)) throw undecodable('it holds neither a job nor a result nor a failure');
  const code = errorCodes.find((known) => known === failure['code']) ?? 'UNKNOWN';
  return {
    kind: 'failure',
    failure: {
      code,
      message: typeof failure['message'] === 'string' ? failure['message'] : 'the task failed',
      retryable: failure['retryable'] === true,
    },
  };
}

function isKey(value: JsonValue | undefined): value is IdempotencyKey {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

function parseJson(bytes: Uint8Array): JsonValue | undefined {
  try {
    // JSON.parse gives what JSON can hold.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function undecodable(why: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `the stored reference cannot be read: ${why}` });
}
