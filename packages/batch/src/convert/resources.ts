import { AgentError, type Container } from '@flyte-agents/core';
import type { Platform } from '../config.ts';
import type { BatchAgentOptions } from '../options.ts';

/** How much a container gets of something, in Batch's words. A type, not an interface: it is JSON. */
export type Requirement = { readonly type: 'VCPU' | 'MEMORY' | 'GPU'; readonly value: string };

/** What a container gets. */
interface Amounts {
  readonly cpus: number;
  readonly mebibytes: number;
  readonly gpus: number;
}

const mebibyte = 2 ** 20;
const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** What Fargate offers: CPUs, and from which memory to which, in which steps, in MiB. https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html */
const fargateSizes: readonly (readonly [cpus: number, from: number, to: number, step: number])[] = [
  [0.25, 512, 512, 512],
  [0.25, 1024, 2048, 1024],
  [0.5, 1024, 4096, 1024],
  [1, 2048, 8192, 1024],
  [2, 4096, 16_384, 1024],
  [4, 8192, 30_720, 1024],
  [8, 16_384, 61_440, 4096],
  [16, 32_768, 122_880, 8192],
];

/**
 * What a task's container asks for, as Batch's `resourceRequirements`: its limits, else its requests, else what the operator gives
 * to all. Memory is in MiB and CPUs are whole, both rounded up; on Fargate it is the smallest offer that is enough.
 *
 * @throws AgentError INVALID_ARGUMENT for a quantity that is none, or more than Fargate has
 */
export function toRequirements(container: Container | undefined, platform: Platform, options: BatchAgentOptions): readonly Requirement[] {
  const asked = { ...container?.requests, ...container?.limits };
  const amounts: Amounts = {
    cpus: toNumber('CPU', asked['CPU'] ?? options.cpu ?? '1'),
    mebibytes: Math.ceil(toNumber('MEMORY', asked['MEMORY'] ?? options.memory ?? '2Gi') / mebibyte),
    gpus: Math.ceil(toNumber('GPU', asked['GPU'] ?? '0')),
  };
  const { cpus, mebibytes, gpus } =
    platform === 'FARGATE' ? onFargate(amounts) : { ...amounts, cpus: Math.max(1, Math.ceil(amounts.cpus)) };
  const requirements: readonly Requirement[] = [
    { type: 'VCPU', value: String(cpus) },
    { type: 'MEMORY', value: String(mebibytes) },
  ];
  return gpus > 0 ? [...requirements, { type: 'GPU', value: String(gpus) }] : requirements;
}

function onFargate({ cpus, mebibytes, gpus }: Amounts): Amounts {
  if (gpus > 0) throw invalid('container.resources: Fargate has no GPUs; use platformCapabilities EC2');
  const [size] = fargateSizes.filter(([offered, , most]) => offered >= cpus && most >= mebibytes);
  if (size === undefined)
    throw invalid(`container.resources: Fargate has no ${cpus} CPUs with ${mebibytes} MiB; use platformCapabilities EC2`);
  const [offered, least, , step] = size;
  return { cpus: offered, mebibytes: Math.max(least, Math.ceil(mebibytes / step) * step), gpus };
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
function toNumber(name: string, quantity: string): number {
  const [, digits, suffix = ''] = /^(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|)$/.exec(quantity) ?? [];
  if (digits !== undefined) return Number(digits) * (suffixes[suffix] ?? 1);
  if (/^(\d+\.?\d*|\.\d+)[eE][+-]?\d+$/.test(quantity)) return Number(quantity);
  throw invalid(`container.resources: ${name} ${JSON.stringify(quantity)} is no quantity`);
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
