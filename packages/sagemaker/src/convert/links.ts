import { consoleUrl } from '@flyte-agents/aws';
import type { LogLink } from '@flyte-agents/core';
import type { LogPlace } from '../client.ts';
import type { JobRef } from '../config.ts';
import { kinds } from '../kinds.ts';

/** The job's page in SageMaker's console, and its logs in CloudWatch's. Pure: known as soon as the job is. */
export function toLinks(ref: Pick<JobRef, 'kind' | 'region' | 'name'>): readonly LogLink[] {
  const { page, title } = kinds[ref.kind];
  const { group, prefix } = toLogPlace(ref);
  const streams = prefix === undefined ? '' : `$3FlogStreamNameFilter$3D${twice(prefix)}`;
  const job = page && consoleUrl(ref.region, `sagemaker/home#/${page}/${encodeURIComponent(ref.name)}`);
  const logs = consoleUrl(ref.region, `cloudwatch/home#logsV2:log-groups/log-group/${twice(group)}${streams}`);
  return [
    ...(job ? [{ name: `SageMaker ${title}`, uri: job }] : []),
    ...(logs === undefined ? [] : [{ name: 'CloudWatch logs', uri: logs }]),
  ];
}

/** Where the logs are: an endpoint has a group, a job streams that begin with its name. */
export function toLogPlace({ kind, name }: Pick<JobRef, 'kind' | 'name'>): Pick<LogPlace, 'group' | 'prefix'> {
  const { logGroup } = kinds[kind];
  if (kind === 'endpoint') return { group: `${logGroup}/${name}`, prefix: undefined };
  // The jobs of a tuning job have its name and a number.
  return { group: logGroup, prefix: kind === 'tuning' || kind === 'autoMl' ? name : `${name}/` };
}

/** CloudWatch's console wants names encoded twice, with a dollar sign for the second time's percent sign. */
function twice(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
}
