import { pino, type DestinationStream } from 'pino';

/** How bad it is, in pino's words. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What agents and the server log with: fields first, then a sentence. No secret, no input and no result belongs in either. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds fields to every line. */
  child(fields: Record<string, unknown>): Logger;
}

/** Where and how to log. */
export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default: standard error. Standard output belongs to what a command prints. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one JSON object a line. */
export function createLogger({ level = 'info', destination = process.stderr }: LoggerOptions = {}): Logger {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, destination);
}
