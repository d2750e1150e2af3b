import { context, isSpanContextValid, trace } from '@opentelemetry/api';
import { pino, type DestinationStream } from 'pino';
import { holdsSecret, redactJson } from './redact.ts';

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

/** A logger that writes one JSON object a line. Secrets that agents were given are left out, wherever in a line they are (R8). */
export function createLogger({ level = 'info', destination = process.stderr }: LoggerOptions = {}): Logger {
  const write = (line: string): void => {
    destination.write(holdsSecret(line) ? withoutSecrets(line) : line);
  };
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, mixin: traceIds }, { write });
}

/** What ties a line to the span of the call that it is about (C25), where an OpenTelemetry SDK makes spans. */
function traceIds(): object {
  const ids = trace.getSpanContext(context.active());
  return ids === undefined || !isSpanContextValid(ids) ? {} : { trace_id: ids.traceId, span_id: ids.spanId };
}

/** By its values: what looks like a secret may begin in the middle of an escape. */
function withoutSecrets(line: string): string {
  return `${JSON.stringify(redactJson(JSON.parse(line)))}\n`;
}
