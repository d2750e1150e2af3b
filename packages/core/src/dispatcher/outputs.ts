import { AgentError } from '../errors.ts';
import { toTaggedJson } from '../literals/json.ts';
import type { Resource } from '../task.ts';

/** What a task gives, by name. */
type Outputs = NonNullable<Resource['outputs']>;

/** Writes a task's outputs to where the engine reads them. */
export type WriteOutputs = (outputPrefix: string, outputs: Outputs) => Promise<void>;

/** Outputs above this are written to the output prefix, if there is a store, in bytes of JSON. */
const largeBytes = 1024 * 1024;
/** Outputs above this cannot be answered: the engine reads answers of 4 MiB at most. */
const largestBytes = 3.5 * 1024 * 1024;

/** Outputs above this are not kept in memory for a call that comes again, in bytes of JSON. */
export const rememberedOutputs: number = 8 * 1024;

/** How large outputs are, in bytes of JSON: somewhat more than they take in an answer. */
export function sizeOf(outputs: Outputs): number {
  return Buffer.byteLength(JSON.stringify(Object.values(outputs).map(toTaggedJson)));
}

/**
 * The resource as it may be answered: large outputs go to the output prefix, where the engine reads what an answer has not (P10).
 *
 * @throws AgentError FAILED_PRECONDITION when the engine could not read the answer and there is no store
 */
export async function answerable(resource: Resource, outputPrefix: string, write: WriteOutputs | undefined): Promise<Resource> {
  const { outputs, ...rest } = resource;
  if (outputs === undefined || resource.phase !== 'SUCCEEDED') return rest;
  const size = sizeOf(outputs);
  if (size <= largeBytes || (write === undefined && size <= largestBytes)) return resource;
  if (write === undefined) {
    const message = `outputs of ${size} bytes do not fit into an answer, and there is no store for them (set storeRoots)`;
    throw new AgentError({ code: 'FAILED_PRECONDITION', message });
  }
  await write(outputPrefix, outputs);
  return rest;
}
