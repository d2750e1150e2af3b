import { consoleUrl } from '@flyte-agents/aws';
import type { LogLink } from '@flyte-agents/core';
import type { Job, LogPlace } from '../client.ts';
import type { JobRef } from '../config.ts';

const defaultGroup = '/aws/batch/job';

/** The job's page in Batch's console. Pure: known as soon as the job is. */
export function toLinks({ region, jobId, kind }: JobRef): readonly LogLink[] {
  const page = kind === 'service' ? 'service-jobs' : 'jobs';
  const uri = region === null ? undefined : consoleUrl(region, `batch/home#${page}/detail/${encodeURIComponent(jobId)}`);
  return uri === undefined ? [] : [{ name: 'AWS Batch Job', uri }];
}

/** Where the log of a job's last attempt is; `undefined` before it starts, and when it goes elsewhere. */
export function toLogPlace({ container, attempts }: Pick<Job, 'container' | 'attempts'>): LogPlace | undefined {
  const stream = container?.logStreamName ?? attempts?.findLast((attempt) => attempt.container?.logStreamName)?.container?.logStreamName;
  const { logDriver, options } = container?.logConfiguration ?? {};
  if (!stream || (logDriver && logDriver !== 'awslogs')) return undefined;
  return { group: options?.['awslogs-group'] ?? defaultGroup, stream };
}

/** The page of the log of a job's last attempt in CloudWatch's console. */
export function toLogLink({ region }: JobRef, job: Pick<Job, 'container' | 'attempts'>, name: string): readonly LogLink[] {
  const place = toLogPlace(job);
  if (place === undefined || region === null) return [];
  const page = `cloudwatch/home#logsV2:log-groups/log-group/${twice(place.group)}/log-events/${twice(place.stream)}`;
  const uri = consoleUrl(region, page);
  return uri === undefined ? [] : [{ name, uri }];
}

/** CloudWatch's console wants names encoded twice, with a dollar sign for the second time's percent sign. */
function twice(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
}
