/** Smoke tests on real accounts: `pnpm live openai`. They cost something, and are no part of `pnpm test`. */
import { batchSmoke } from './batch.ts';
import { bigQuerySmoke } from './bigquery.ts';
import { databricksSmoke } from './databricks.ts';
import { openAISmoke } from './openai.ts';
import { sageMakerSmoke } from './sagemaker.ts';
import { snowflakeSmoke } from './snowflake.ts';
import type { Smoke } from './smoke.ts';

const smokes: Readonly<Record<string, Smoke>> = {
  batch: batchSmoke,
  bigquery: bigQuerySmoke,
  openai: openAISmoke,
  sagemaker: sageMakerSmoke,
  snowflake: snowflakeSmoke,
  databricks: databricksSmoke,
};

const [name = ''] = process.argv.slice(2);
const smoke = smokes[name];
if (smoke === undefined) refuse(`name one of: ${Object.keys(smokes).join(', ')}`);
else {
  const missing = smoke.needs.filter((variable) => !process.env[variable]);
  if (missing.length > 0) refuse(`${name} needs ${missing.join(' and ')}: set them to those of a real account`);
  else await run(smoke);
}

async function run({ run: steps }: Smoke): Promise<void> {
  for await (const { name: step, isGood, message } of steps()) {
    process.stdout.write(`${isGood ? '✔' : '✖'} ${step}: ${message}\n`);
    if (!isGood) process.exitCode = 1;
  }
}

/** Nothing was done. */
function refuse(why: string): void {
  process.stderr.write(`live: ${why}. Nothing was run.\n`);
  process.exitCode = 2;
}
