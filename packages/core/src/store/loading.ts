import { AgentError } from '../errors.ts';

/** Makes something when it is first asked for, and again only if that failed. */
export function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/**
 * Loads a service's SDK, which is installed only where it is used.
 *
 * @throws AgentError FAILED_PRECONDITION that names the package when it is not installed
 */
export async function loaded<Sdk>(name: string, load: () => Promise<Sdk>): Promise<Sdk> {
  try {
    return await load();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    const message = isMissing
      ? `the package ${name} is not installed beside the server: npm install ${name}`
      : `the package ${name} cannot be loaded`;
    throw new AgentError({ code: 'FAILED_PRECONDITION', origin: 'system', passes: false, message, cause: error });
  }
}
