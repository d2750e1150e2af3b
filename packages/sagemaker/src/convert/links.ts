import { consoleUrl } from '@flyte-agents/aws';
import type { LogLink } from '@flyte-agents/core';
import type { LogPlace } from '../client.ts';
import type { JobRef } from '../config.ts';
import { kinds } from '../kinds.ts';
import type { SageMakerAgentOptions } from '../options.ts';

/** The domain of Studio that people look at, and its region. */
type Studio = Pick<SageMakerAgentOptions, 'studioDomain' | 'region'>;

/** The job's page in SageMaker's console, or Studio, and its logs in CloudWatch's. Pure: known as soon as the job is. */
export function toLinks(ref: Pick<JobRef, 'kind' | 'region' | 'name'>, { studioDomain, region }: Studio = {}): readonly LogLink[] {
  const { page, title } = kinds[ref.kind];
  const place = toLogPlace(ref);
  const streams = place?.prefix === undefined ? '' : `$3FlogStreamNameFilter$3D${twice(place.prefix)}`;
  const inStudio = studioDomain !== undefined && ref.region === region ? toStudioPage(ref, studioDomain) : undefined;
  const job = page ? consoleUrl(ref.region, `sagemaker/home#/${page}/${encodeURIComponent(ref.name)}`) : inStudio;
  const logs = place && consoleUrl(ref.region, `cloudwatch/home#logsV2:log-groups/log-group/${twice(place.group)}${streams}`);
  return [
    ...(job ? [{ name: `SageMaker ${title}`, uri: job }] : []),
    ...(logs === undefined ? [] : [{ name: 'CloudWatch logs', uri: logs }]),
  ];
}

/** A pipeline's execution has its page in a domain of Studio alone. */
function toStudioPage({ kind, region, name }: Pick<JobRef, 'kind' | 'region' | 'name'>, domain: string): string | undefined {
  const [, pipeline, execution] = /:pipeline\/([^/]+)\/execution\/([^/]+)$/.exec(name) ?? [];
  if (kind !== 'pipeline' || pipeline === undefined || execution === undefined) return undefined;
  return `https://studio-${domain}.studio.${region}.sagemaker.aws/pipelines/view/${pipeline}/executions/${execution}/graph`;
}

/** Where the logs are: an endpoint has a group, a job streams that begin with its name; `undefined` for what has none of its own. */
export function toLogPlace({ kind, name }: Pick<JobRef, 'kind' | 'name'>): Pick<LogPlace, 'group' | 'prefix'> | undefined {
  const { logGroup } = kinds[kind];
  if (logGroup === undefined) return undefined;
  if (kind === 'endpoint') return { group: `${logGroup}/${name}`, prefix: undefined };
  // The jobs of a tuning job have its name and a number.
  return { group: logGroup, prefix: kind === 'tuning' || kind === 'autoMl' ? name : `${name}/` };
}

/** CloudWatch's console wants names encoded twice, with a dollar sign for the second time's percent sign. */
function twice(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
}
