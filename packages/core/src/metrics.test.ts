import { describe, expect, test } from 'vitest';
import { errorCodes } from './errors.ts';
import { Metrics } from './metrics.ts';
import { hide } from './redact.ts';

const call = { operation: 'create', taskType: 'job', seconds: 0.3 } as const;

async function samples(metrics: Metrics): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe('C18: the incumbent’s metrics', () => {
  test('keep their names, kinds and labels', async () => {
    const metrics = new Metrics();
    metrics.started();
    metrics.finished(call);
    metrics.started();
    metrics.finished({ ...call, operation: 'get', errorCode: 'UNAVAILABLE' });
    metrics.inputs('job', 512);
    const text = await metrics.text();
    for (const line of [
      '# TYPE flyte_connector_requests_success_total counter',
      'flyte_connector_requests_success_total{task_type="job",operation="create"} 1',
      '# TYPE flyte_connector_requests_failure_total counter',
      'flyte_connector_requests_failure_total{task_type="job",operation="get",error_code="503"} 1',
      '# TYPE flyte_connector_request_latency_seconds summary',
      'flyte_connector_request_latency_seconds_sum{task_type="job",operation="create"} 0.3',
      'flyte_connector_request_latency_seconds_count{task_type="job",operation="create"} 1',
      '# TYPE flyte_connector_input_literal_bytes summary',
      'flyte_connector_input_literal_bytes_sum{task_type="job"} 512',
      'flyte_connector_input_literal_bytes_count{task_type="job"} 1',
    ])
      expect(text.split('\n')).toContain(line);
    // Python's summaries have no quantiles.
    expect(text).not.toContain('quantile');
  });

  test('count a failure once, and not as a success', async () => {
    const metrics = new Metrics();
    metrics.started();
    metrics.finished({ ...call, errorCode: 'INTERNAL' });
    expect((await samples(metrics)).filter((line) => line.startsWith('flyte_connector_requests_'))).toEqual([
      'flyte_connector_requests_failure_total{task_type="job",operation="create",error_code="500"} 1',
    ]);
  });

  test.each(errorCodes)('have an HTTP status as error_code for %s', async (errorCode) => {
    const metrics = new Metrics();
    metrics.started();
    metrics.finished({ ...call, errorCode });
    expect(await metrics.text()).toMatch(/error_code="[45]\d\d"/);
  });
});

describe('our own metrics', () => {
  test('are histograms under other names, what is in flight, and unknown states', async () => {
    const metrics = new Metrics();
    metrics.started();
    metrics.started();
    metrics.finished(call);
    metrics.inputs('job', 512);
    metrics.unknownState();
    const lines = await samples(metrics);
    for (const line of [
      'flyte_agents_request_duration_seconds_bucket{le="0.25",task_type="job",operation="create"} 0',
      'flyte_agents_request_duration_seconds_bucket{le="0.5",task_type="job",operation="create"} 1',
      'flyte_agents_input_bytes_bucket{le="1000",task_type="job"} 1',
      'flyte_agents_requests_in_flight 1',
      'flyte_agents_unknown_states_total 1',
    ])
      expect(lines).toContain(line);
  });

  test('of two servers in one process are apart', async () => {
    const [one, two] = [new Metrics(), new Metrics()];
    one.unknownState();
    expect(await two.text()).toContain('flyte_agents_unknown_states_total 0');
  });
});

test('R8: no secret is in what is scraped, should it ever become a label', async () => {
  hide('secret-of-a-label');
  const metrics = new Metrics();
  metrics.started();
  metrics.finished({ operation: 'get', taskType: 'secret-of-a-label', seconds: 1 });
  expect(await metrics.text()).toContain('flyte_connector_requests_success_total{task_type="[redacted]",operation="get"} 1');
});
