import { AgentError } from '../errors.ts';

/**
 * A value that is wrong, as the task's author is told.
 *
 * @param path names the value: `input limits[3]`
 * @param what was expected of it, and what it is
 */
export function invalid(path: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `${shownPath(path)}: ${what}` });
}

/** The longest path that is shown whole, in characters. */
const longestPath = 200;

/** A path of many steps is shown without its middle. */
function shownPath(path: string): string {
  return path.length <= longestPath ? path : `${path.slice(0, longestPath / 2)}…${path.slice(-longestPath / 2)}`;
}
