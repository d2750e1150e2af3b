import { readFile } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { fromMapMessage, type LiteralMap } from '@flyte-agents/core';
import { LiteralMapSchema } from '@flyte-agents/proto/flyte1';

/** Reads `outputs.pb` out of an output folder; `undefined` when there is none. */
export type ReadOutputs = (outputPrefix: string) => Promise<LiteralMap | undefined>;

/** Folders with `file:` URLs are on this machine; in any other, nothing is found. */
export const readLocalOutputs: ReadOutputs = async (outputPrefix) => {
  if (!outputPrefix.startsWith('file:')) return undefined;
  try {
    return fromMapMessage(fromBinary(LiteralMapSchema, await readFile(new URL(`${outputPrefix}/outputs.pb`))));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
