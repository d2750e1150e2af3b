import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A request that one of Flyte's Python SDKs made. */
export interface Fixture {
  /** The request as it went over the wire. */
  readonly bytes: Uint8Array;
  /** The same in protobuf JSON. */
  readonly request: FixtureRequest;
}

/** The parts of a CreateTaskRequest in protobuf JSON that tests hand on. */
interface FixtureRequest {
  readonly template: object;
  readonly inputs: object;
}

/** Reads `fixtures/<name>.binpb` and its readable twin. */
export function readFixture(name: string): Fixture {
  const { request }: { request: FixtureRequest } = JSON.parse(readFileSync(fixturePath(`${name}.json`), 'utf8'));
  return { bytes: readFileSync(fixturePath(`${name}.binpb`)), request };
}

/** The path of a file below `fixtures`. */
export function fixturePath(name: string): string {
  return join(import.meta.dirname, '../fixtures', name);
}
