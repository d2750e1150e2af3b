/** `pnpm bench:serve`: a server with dummy agents, to put load on. */
import { parseArgs } from 'node:util';
import { startServer } from '@flyte-agents/core';
import agents from './agents.ts';
import { answerUsage } from './probe.ts';

const help = `Serves three dummy agents over gRPC, without TLS, until SIGTERM.

Usage: pnpm bench:serve [--port 8000] [--metrics-port 0]

  --port N          port for gRPC; 0: any free one (default 8000)
  --metrics-port N  port for Prometheus; 0: any free one (default 0)
  --help            this text

Task types:
  bench_async  get answers RUNNING, or SUCCEEDED with a structured dataset when the job id in the reference
               begins with "done"; takes the bare reference {"job_id","project","location"} too
  bench_sync   do answers SUCCEEDED with one string output
  bench_slow   get does one HTTP call to the URL in the environment variable BENCH_UPSTREAM
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8000' },
    'metrics-port': { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const server = await startServer({ agents, port: toPort(values.port), metricsPort: toPort(values['metrics-port']) });
  process.on('SIGTERM', () => void server.stop().then(() => process.exit()));
  if (process.send !== undefined) answerUsage();
  process.stdout.write(`serving on 127.0.0.1:${server.port}, metrics on http://127.0.0.1:${server.metricsPort}/metrics\n`);
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`${text} is no port: give a number from 0 to 65535`);
}
