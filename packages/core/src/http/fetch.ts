import type { Network } from './connect.ts';
import { Guard, type FetchPolicy } from './guard.ts';
import type { RequestOptions } from './request.ts';

/** What to send, and how much time and room the answer may take. */
export interface FetchOptions extends RequestOptions {
  /** Ends it. Not to be given for what must not be done twice: it may have been done all the same. */
  readonly signal?: AbortSignal | undefined;
  /** For the name, the connection and TLS, of each request in a row of redirects, in milliseconds. Default: 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** From the connection to the headers of the answer, in milliseconds. Default: 10 s. */
  readonly headersTimeoutMs?: number | undefined;
  /** For all of it, in milliseconds. Default: 30 s. */
  readonly timeoutMs?: number | undefined;
  /** How large the answer may be, before and after it is decoded, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Whether a larger answer is cut off there, instead of being an error. Default: false. */
  readonly cut?: boolean | undefined;
  /** How many redirects are followed. 0: a redirect is an answer like others. Default: 5. */
  readonly maxRedirects?: number | undefined;
}

/** An answer, whatever its status. */
export interface FetchResponse {
  /** Where it came from, after redirects. It may hold secrets that were in the URL. */
  readonly url: string;
  readonly status: number;
  /** As sent, by name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded, unless it has an encoding that is not gzip, deflate, br or zstd. */
  readonly body: Uint8Array;
  /** Whether the answer was larger and has been cut off. */
  readonly isCut: boolean;
  readonly elapsedMs: number;
  /** The body as text: UTF-8, if the answer names no other charset. */
  text(): string;
  /** The body read as JSON. @throws AgentError FAILED_PRECONDITION when it is not JSON, or was cut off */
  json(): unknown;
}

/**
 * Fetches a URL that a task or an answer names, from where the operator allows it: by default, public addresses on ports 80 and
 * 443. Every redirect is checked like the URL itself, connections go to the checked addresses only, and certificates are
 * always verified. Nothing is repeated, kept or cached.
 *
 * @throws AgentError INVALID_ARGUMENT when the URL, its host or an option is refused; OUT_OF_RANGE for too large an answer;
 *   UNAVAILABLE for faults of the network, with `submitted: 'no'` as long as nothing was sent; DEADLINE_EXCEEDED or CANCELLED
 *   when the signal ended it. No message has more of the URL than its host.
 */
export type CheckedFetch = (url: string | URL, options?: FetchOptions) => Promise<FetchResponse>;

/**
 * Makes the fetch of a server. What it needs of Node is loaded when it is first used.
 *
 * @throws Error what is wrong with the policy, with the setting's name
 */
export function createFetch(policy: FetchPolicy = {}, network?: Network): CheckedFetch {
  const guard = new Guard(policy);
  return async (url, options = {}) => {
    const { Fetching } = await import('./fetching.ts');
    return new Fetching({ guard, network, options }).run(String(url));
  };
}
