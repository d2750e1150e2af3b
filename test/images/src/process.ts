import { readFileSync } from 'node:fs';

/** Looks at a container's first process. @throws Error when it is not Node, or may do more than it must */
export function checkProcess(pid: number): string {
  const status = new Map(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [name = '', value = ''] = line.split(':\t');
        return [name, value.trim().replaceAll('\t', ' ')] as const;
      }),
  );
  const [, , , rootOptions] = /^(\S+) \/ (\S+) (\S+)/m.exec(readFileSync(`/proc/${pid}/mounts`, 'utf8')) ?? [];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const found = {
    number: status.get('NSpid')?.split(' ').at(-1),
    name: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0],
    users: status.get('Uid'),
    groups: status.get('Gid'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => BigInt(`0x${status.get(name)}`)).join(''),
    canGetMore: status.get('NoNewPrivs') === '0',
    root: rootOptions?.split(',')[0],
    children,
  };
  const expected = {
    number: '1',
    name: 'node',
    users: '10001 10001 10001 10001',
    groups: '10001 10001 10001 10001',
    capabilities: '00000',
    canGetMore: false,
    root: 'ro',
    children: '',
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(JSON.stringify(found));
  return 'node as process 1 of user 10001, no capability, no child, root file system read-only';
}
