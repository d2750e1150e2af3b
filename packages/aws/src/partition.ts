/** A part of AWS with accounts, endpoints and a console of its own. */
interface Partition {
  /** How the names of its regions begin. */
  readonly regions: string;
  /** The host of its console, which has one more name before it for each region; absent where it is not public. */
  readonly console?: string;
}

const commercial: Partition = { regions: '', console: 'console.aws.amazon.com' };

/** https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions: readonly Partition[] = [
  { regions: 'cn-', console: 'console.amazonaws.cn' },
  { regions: 'us-gov-', console: 'console.amazonaws-us-gov.com' },
  { regions: 'eusc-', console: 'console.amazonaws-eusc.eu' },
  { regions: 'us-iso' },
  { regions: 'eu-isoe-' },
  commercial,
];

/**
 * The page of a service's console; `undefined` in partitions whose console has no public address.
 *
 * @param path `batch/home#jobs`: the region is put into it
 */
export function consoleUrl(region: string, path: string): string | undefined {
  const { console } = toPartition(region);
  if (console === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  const [page = '', ...fragment] = path.split('#');
  return `https://${region}.${console}/${page}?region=${region}${fragment.length === 0 ? '' : `#${fragment.join('#')}`}`;
}

/** Regions that are newer than this table are of the commercial one. */
function toPartition(region: string): Partition {
  return partitions.find(({ regions }) => region.startsWith(regions)) ?? commercial;
}
