import { AgentError, parseLocation, type Inputs, type ObjectLocation } from '@flyte-agents/core';
import type { FileConfig } from './config.ts';
import { toGlob, type Glob } from './convert/glob.ts';

/** What a path stands for: objects in a store, or one document on the web. */
export type Target =
  | {
      readonly kind: 'objects';
      /** As the task has it. */
      readonly path: string;
      readonly at: ObjectLocation;
      /** Absent: the object of this name, or else what is in the folder of this name. */
      readonly glob: Glob | undefined;
    }
  | { readonly kind: 'document'; readonly path: string; readonly url: URL };

/** More paths than this are refused: each is looked at on its own. */
const mostPaths = 100;

/**
 * What a task waits for: its inputs `path` and `paths`, and the `paths` in its `sensor_config`.
 *
 * @throws AgentError INVALID_ARGUMENT that names the path; the message repeats nothing that may hold a token
 */
export function toTargets(inputs: Inputs, { paths, glob }: FileConfig): readonly Target[] {
  const listed = inputs.literal('paths');
  const named: readonly (readonly [string, string])[] = [
    ...(inputs.literal('path') === undefined ? [] : [['input path', inputs.string('path')] as const]),
    ...(listed === undefined ? [] : stringsOf(inputs.value('paths')).map((path, index) => [`input paths[${index}]`, path] as const)),
    ...(paths ?? []).map((path, index) => [`sensor_config.paths[${index}]`, path] as const),
  ];
  // The message of an absent input is the right one for no path at all.
  if (named.length === 0) inputs.string('path');
  if (named.length > mostPaths) throw invalid(`${named.length} paths are given; a task may wait for ${mostPaths}`);
  return named.map(([name, path]) => {
    try {
      return toTarget(path, glob === true);
    } catch (error) {
      const { code, message } = AgentError.from(error);
      throw new AgentError({ code, message: `${name}: ${message}`, cause: error });
    }
  });
}

function stringsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw invalid('input paths: expected a list of strings');
}

function toTarget(path: string, isGlob: boolean): Target {
  refuseSecrets(path);
  if (/^https?:\/\//i.test(path)) return { kind: 'document', path: shown(path), url: toUrl(path) };
  const at = parseLocation(path);
  if (at.key === '') throw invalid('names no object: add its key');
  return { kind: 'objects', path, at, glob: isGlob ? toGlob(at.key) : undefined };
}

/** @throws AgentError INVALID_ARGUMENT for a text that is no http:// or https:// URL */
export function toUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw invalid('is no http:// or https:// URL');
  return url;
}

/** A URL as messages may have it: without what may be private in it. */
export function shown(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

/** Names of parameters whose values are credentials, in the URLs that stores sign and elsewhere. */
const secretParameter =
  /[?&](?:x-amz-[^=]*|x-goog-[^=]*|awsaccesskeyid|googleaccessid|signature|sig|[^=&]*(?:token|secret|password|passwd|api[_-]?key|apikey|auth)[^=&]*)=/i;

/** The reference to a task is stored in the cluster, so that no path may hold a credential (R8). */
export function refuseSecrets(path: string): void {
  if (/^https?:\/\/[^/?#]*@/i.test(path)) {
    throw invalid(
      'has a user or password in it, which would be stored in the cluster; use sensor_config.kind http with secret_headers, which name secrets',
    );
  }
  if (secretParameter.test(path)) {
    throw invalid(
      'looks like a signed URL or has a token in it, which would be stored in the cluster; give the plain path, for the server has its own credentials, or use sensor_config.kind http with secret_query, which names secrets',
    );
  }
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
