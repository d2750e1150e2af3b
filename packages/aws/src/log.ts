import { FlyteDatetime, type LogPage } from '@flyte-agents/core';

/** A line of a log in CloudWatch. Its time is in milliseconds since 1970. */
export interface LogEvent {
  readonly message?: string | null | undefined;
  readonly timestamp?: number | null | undefined;
}

/** Lines of CloudWatch as Flyte shows them. */
export function toLogLines(events: readonly LogEvent[] | null | undefined): LogPage['lines'] {
  return (events ?? []).map(({ message, timestamp }) => ({
    message: `${message ?? ''}\n`,
    ...(timestamp && { timestamp: FlyteDatetime.fromDate(new Date(timestamp)) }),
    originator: 'USER',
  }));
}
