/** The tour: a server with every agent, real tasks through gRPC, their progress and results. `--keep` leaves all of it up. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startBatch, startBigQuery, startDatabricks, startS3, startSnowflake, type S3Server } from '@flyte-agents/test-upstreams';
import { play, type Outcome } from './play.ts';
import { endWidth, print, seconds, styled } from './screen.ts';
import { batchScenarios } from './scenarios/batch.ts';
import { bigQueryScenarios, bigQueryTables } from './scenarios/bigquery.ts';
import { databricksScenarios } from './scenarios/databricks.ts';
import { openAIScenarios, startExampleOpenAI } from './scenarios/openai.ts';
import { sageMakerScenarios, startExampleSageMaker } from './scenarios/sagemaker.ts';
import { s3SensorScenarios } from './scenarios/s3-sensor.ts';
import { snowflakeScenarios } from './scenarios/snowflake.ts';
import { startAgentServer, type QuickstartServer } from './server.ts';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const scenarios = [
  ...(await s3SensorScenarios()),
  ...(await databricksScenarios()),
  ...(await batchScenarios()),
  ...(await sageMakerScenarios()),
  ...(await bigQueryScenarios()),
  ...(await snowflakeScenarios()),
  ...(await openAIScenarios()),
];

const s3 = await startS3();
s3.createBucket('example-bucket');
const bigquery = await startBigQuery({ pendingMs: 500, runningMs: 500 });
await bigquery.execute(bigQueryTables);
const snowflake = await startSnowflake();
await snowflake.execute('CREATE TABLE orders AS SELECT * FROM (VALUES (10), (20), (40)) AS t (amount)');
await snowflake.execute('CREATE TABLE notes (id INTEGER, note VARCHAR)');
const databricks = await startDatabricks();
const openAi = await startExampleOpenAI();
const sageMaker = await startExampleSageMaker();
const batch = await startBatch();
const server = await startAgentServer({
  ...s3.environment,
  ...sageMaker.environment,
  ...batch.environment,
  ...bigquery.environment,
  ...databricks.environment,
  ...snowflake.environment,
  ...openAi.environment,
});
try {
  print('A server with every agent, and stand-ins for its services', 'bold');
  print(
    `\n${server.table}\n\ngRPC     ${server.endpoint}\nmetrics  ${server.metricsUrl}\nS3       ${s3.endpoint}\nBigQuery ${bigquery.endpoint}\n`,
  );
  print(`${scenarios.length} tasks, sent through gRPC as Flyte's engine sends them`, 'bold');
  print();
  const nameWidth = Math.max(...scenarios.map(({ name }) => name.length));
  const stage = {
    endpoint: server.endpoint,
    upstreams: { s3, batch, bigquery, openAi, sageMaker, snowflake },
    startedAt: performance.now(),
    nameWidth,
  };
  const outcomes = await Promise.all(scenarios.map((scenario) => play(scenario, stage)));
  report(outcomes, nameWidth);
  if (!outcomes.every(({ asExpected }) => asExpected)) {
    print(`\nWhat the server wrote:\n${server.output()}`);
    process.exitCode = 1;
  }
  if (values.keep) await keep(server, s3);
  else print('\nGo on with --keep: the server stays up, and you are told what to try.', 'dim');
} finally {
  await server.stop();
  await s3.stop();
  await batch.stop();
  await sageMaker.stop();
  await bigquery.stop();
  await databricks.stop();
  await snowflake.stop();
  await openAi.stop();
}

function report(outcomes: readonly Outcome[], nameWidth: number): void {
  print(`\n  ${'TASK'.padEnd(nameWidth)}  ${'EXPECTED'.padEnd(endWidth)}  ${'GOT'.padEnd(endWidth)}     TIME  MESSAGE`, 'bold');
  for (const { scenario, phase, message, elapsedMs, asExpected } of outcomes) {
    const mark = asExpected ? styled('✔', 'green') : styled('✖', 'red');
    const phases = `${scenario.expected.phase.padEnd(endWidth)}  ${phase.padEnd(endWidth)}`;
    print(`${mark} ${scenario.name.padEnd(nameWidth)}  ${phases}  ${seconds(elapsedMs)}  ${message}`);
  }
}

/** Says how to go on, and waits for Ctrl-C. */
async function keep({ endpoint, metricsUrl }: QuickstartServer, { endpoint: s3Endpoint, environment }: S3Server): Promise<void> {
  const command = 'npx -y pnpm@12 flyte-agents';
  const path = 'path=s3://example-bucket/in/mine';
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const user = `${environment.AWS_ACCESS_KEY_ID}:${environment.AWS_SECRET_ACCESS_KEY}`;
  print('\nAll of it stays up until Ctrl-C. In another terminal, in this folder:', 'bold');
  print(`
What the server has:
  ${command} list --endpoint ${endpoint}

A task that waits, and the object that it waits for:
  ${command} run examples/wait-for-object.yaml -i ${path} --endpoint ${endpoint}
  curl --aws-sigv4 aws:amz:us-east-1:s3 --user ${user} -T package.json ${s3Endpoint}/example-bucket/in/mine

The same task without the server:
  ${variables.join(' ')} \\
    ${command} run examples/wait-for-object.yaml -i ${path}

What it counted:
  curl ${metricsUrl}
`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}
