import { describe, expect, test, vi } from 'vitest';
import { toOwnWords } from './incumbent.ts';

describe('OP1: what is written for the Python servers starts ours', () => {
  test.each([
    // flyteorg/flyte's charts flyteagent and flyteconnector, as the container's command.
    { program: '/usr/local/bin/pyflyte', words: ['serve', 'agent'], own: ['serve', 'agent'] },
    { program: '/usr/local/bin/pyflyte', words: ['serve'], own: ['serve'] },
    // The command of flytekit's own images, given after our entrypoint.
    { program: 'flyte-agents', words: ['pyflyte', 'serve', 'agent', '--port', '8000'], own: ['serve', 'agent', '--port', '8000'] },
    { program: 'flyte-agents', words: ['pyflyte', 'serve', 'connector', '--port', '8000'], own: ['serve', 'connector', '--port', '8000'] },
    // Apps of Union, with modules.
    {
      program: 'pyflyte',
      words: ['serve', 'connector', '--port', '8080', '--prometheus_port', '9092', '--modules', 'a', 'b'],
      own: ['serve', 'connector', '--port', '8080', '--prometheus_port', '9092', '--modules', 'a', 'b'],
    },
    // flyte-sdk's ConnectorEnvironment.
    {
      program: '/usr/local/bin/c0',
      words: ['--port', '8080', '--prometheus_port', '9092', '--modules', 'my_connector.connector'],
      own: ['serve', '--port', '8080', '--prometheus_port', '9092', '--modules', 'my_connector.connector'],
    },
    { program: 'flyte-agents', words: ['c0', '--port', '8080'], own: ['serve', '--port', '8080'] },
    { program: 'pyflyte', words: ['--help'], own: ['--help'] },
    { program: 'pyflyte', words: ['serve', 'agent', '--help'], own: ['serve', 'agent', '--help'] },
  ])('$program $words', ({ program, words, own }) => {
    expect(toOwnWords(program, words)).toEqual(own);
  });

  test('flags of pyflyte itself are passed over, and one line says so', () => {
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    try {
      const flags = ['-vv', '--verbose', '-c', 'serve', '--config=a.yaml', '-k', 'flows'];
      expect(toOwnWords('pyflyte', [...flags, 'serve', 'agent', '--port', '1'])).toEqual(['serve', 'agent', '--port', '1']);
      expect(written.map((line): unknown => JSON.parse(line))).toEqual([
        expect.objectContaining({ flags, msg: 'flags of pyflyte before its command have no effect' }),
      ]);
    } finally {
      stderr.mockRestore();
    }
  });
});

test('OP1: the app that flyte-sdk deploys for a ConnectorEnvironment starts ours, and one line says that its code is not loaded', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const app = ['--version', 'v1', '--project', 'p', '--tgz', 's3://b/code.tgz', '--dest', '.', '--raw-data-path', 's3://b/raw', '--'];
    const words = ['c0', '--port', '8080', '--prometheus_port', '9092'];
    const own = ['serve', '--port', '8080', '--prometheus_port', '9092'];
    expect(toOwnWords('/usr/local/bin/fserve', [...app, ...words])).toEqual(own);
    expect(toOwnWords('flyte-agents', ['fserve', ...app, ...words])).toEqual(own);
    expect(toOwnWords('fserve', ['--version', '', '--', 'pyflyte', 'serve', 'connector'])).toEqual(['serve', 'connector']);
    expect(write.mock.calls.map(([line]) => String(line))).toEqual(Array(3).fill(expect.stringContaining('no Python code is loaded')));
  } finally {
    write.mockRestore();
  }
});

describe('OP1: what Python does and we do not is refused', () => {
  test.each([
    {
      program: 'fserve',
      words: ['--version', 'v1', '--', 'streamlit', 'run', 'app.py'],
      message: /^fserve … -- streamlit: there is only /,
    },
    { program: 'fserve', words: ['c0'], message: /^fserve … --: there is only / },
    { program: 'pyflyte', words: ['run', 'workflow.py', 'main'], message: /^pyflyte run: there is only pyflyte serve agent, and / },
    { program: 'pyflyte', words: ['--config', 'x', 'register'], message: /^pyflyte register: / },
    { program: 'pyflyte', words: [], message: /^pyflyte: there is only/ },
    { program: 'pyflyte', words: ['--nosuch', 'serve'], message: /^pyflyte --nosuch: / },
    { program: 'flyte-agents', words: ['pyflyte', 'info'], message: /^pyflyte info: / },
  ])('$program $words', ({ program, words, message }) => {
    expect(() => toOwnWords(program, words)).toThrow(expect.objectContaining({ exitCode: 2, message: expect.stringMatching(message) }));
  });
});

test.each([
  { program: '/somewhere/packages/cli/src/main.ts', words: ['serve', 'agent', '--port', '1'] },
  { program: '/node_modules/.bin/flyte-agents', words: [] },
  { program: 'flyte-agents', words: ['run', 'c0'] },
])('our own words stay as they are: $words', ({ program, words }) => {
  expect(toOwnWords(program, words)).toBe(words);
});
