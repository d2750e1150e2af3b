import { stripVTControlCharacters } from 'node:util';
import {
  AgentError,
  firstLine,
  toLiteral,
  type ErrorDocument,
  type JsonObject,
  type JsonValue,
  type Literal,
  type LogLink,
  type NativeValue,
  type Phase,
  type Resource,
  type SimpleType,
} from '@flyte-agents/core';
import type { Run, RunOutput } from '../client.ts';
import type { RunRef } from '../config.ts';
import { parseJson } from '../json.ts';
import { hasFailed, runPhase } from '../states.ts';

/** All that is known of a run. */
export interface Findings {
  readonly ref: RunRef;
  readonly run: Run;
  /** What the task gave that {@link tellingTask} names. */
  readonly output?: RunOutput | undefined;
  /** What Flyte's own code wrote when it failed. */
  readonly document?: ErrorDocument | undefined;
}

/** Longest texts in messages, in characters. */
const longestTrace = 1500;

/** How a run stands. @throws AgentError INVALID_ARGUMENT when its value is none of the declared outputs */
export function toResource(findings: Findings): Resource {
  const { ref, run } = findings;
  const phase = toPhase(findings);
  return {
    phase,
    message: toRunMessage(findings, phase),
    links: toLinks(ref, run),
    ...(phase === 'SUCCEEDED' && Object.keys(ref.outputs).length > 0 && { outputs: toOutputs(findings) }),
    customInfo: toCustomInfo(run),
  };
}

/** The page of a run. Only its record says which, as the address has the workspace's id or the job's. */
function toLinks({ host }: Pick<RunRef, 'host'>, { run_id: runId, job_id: jobId, run_page_url: page }: Run): readonly LogLink[] {
  return [{ name: 'Databricks Console', uri: page ?? `https://${host}/#job/${jobId ?? '0'}/run/${runId}` }];
}

/** The task of a run whose output tells how the run ended: the last that failed, or the only one of a run that did not. */
export function tellingTask(run: Run): Run | undefined {
  // The oldest runs have no tasks, and are one.
  const tasks = run.tasks?.length ? run.tasks : [run];
  const failed = tasks.filter(hasFailed).toSorted((one, other) => (one.start_time ?? 0) - (other.start_time ?? 0));
  const isOne = tasks.length === 1 && runPhase(run) === 'SUCCEEDED';
  return failed.at(-1) ?? (isOne ? tasks[0] : undefined);
}

/** Flyte's code may have failed although Databricks does not know of it. */
function toPhase({ run, document }: Findings): Phase {
  const phase = runPhase(run);
  if (document === undefined || phase === 'RETRYABLE_FAILED') return phase;
  return document.recoverable ? 'RETRYABLE_FAILED' : 'FAILED';
}

/** What people are told of a run: Databricks' own words, those of the task that failed, and where to see it. */
function toRunMessage({ ref, run, output, document }: Findings, phase: Phase): string {
  const { state, status } = run;
  const ended = status?.termination_details;
  const word = state?.result_state ?? ended?.code ?? state?.life_cycle_state ?? status?.state ?? 'UNKNOWN';
  const queued = status?.queue_details?.message ?? state?.queue_reason ?? '';
  const said = [state?.state_message || ended?.message, queued].filter(Boolean).join('; ');
  const head = `Databricks run ${run.run_id}: ${[word, said].filter(Boolean).join(': ')}`;
  if (phase !== 'FAILED' && phase !== 'RETRYABLE_FAILED') return firstLine(head);
  const failed = tellingTask(run);
  const name = failed?.task_key ? `task ${failed.task_key}: ` : '';
  const attempt = failed?.attempt_number ? ` (attempt ${failed.attempt_number + 1})` : '';
  const own = document === undefined ? output?.error : `${document.code}: ${document.message}`;
  const trace = document === undefined ? output?.error_trace : undefined;
  return [
    firstLine(head),
    ...(own ? [`${name}${shortest(own)}${attempt}`] : []),
    ...(trace && !own?.includes(trace) ? [shortest(trace)] : []),
    `see ${toLinks(ref, run)[0]?.uri ?? ''}`,
  ].join('\n');
}

/** The end of a long text: that of a trace says most. */
function shortest(text: string): string {
  const whole = stripVTControlCharacters(text).trim();
  return whole.length <= longestTrace ? whole : `…${whole.slice(-longestTrace)}`;
}

/** The value that the run's notebook ended with: the only output, or an object of all. */
function toOutputs({ ref, run, output }: Findings): Readonly<Record<string, Literal>> {
  const declared = Object.entries(ref.outputs);
  const text = output?.notebook_output?.result ?? undefined;
  const names = declared.map(([name]) => name).join(', ');
  if (text === undefined) {
    throw invalid(`Databricks run ${run.run_id} gave no value for ${names}: end its notebook with dbutils.notebook.exit(value)`);
  }
  if (output?.notebook_output?.truncated === true) {
    throw invalid(`Databricks run ${run.run_id}: the value of its notebook was cut off, as it is too large`);
  }
  const [only, ...others] = declared;
  const values = only !== undefined && others.length === 0 ? { [only[0]]: fromText(text, only[1]) } : fromJson(text, run.run_id);
  return Object.fromEntries(
    declared.map(([name, simple]) => [name, toLiteral(values[name] ?? null, { kind: 'simple', simple }, `output ${name}`)]),
  );
}

/** What a text stands for, if it does; else the text, which is refused where it is no such value. */
function fromText(text: string, simple: SimpleType): NativeValue {
  if (simple === 'INTEGER' && /^-?\d+$/.test(text)) return BigInt(text);
  if (simple === 'FLOAT' && text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text);
  // As Python prints it too.
  if (simple === 'BOOLEAN' && /^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return simple === 'STRUCT' ? asNative(parsed(text) ?? text) : text;
}

function fromJson(text: string, runId: string): Readonly<Record<string, NativeValue>> {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asNative(item)]));
  }
  throw invalid(`Databricks run ${runId}: several outputs are the JSON object that its notebook ends with`);
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function asNative(value: unknown): NativeValue {
  // What is read of JSON is JSON.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as NativeValue;
}

/** What the run took, for the task's event. */
function toCustomInfo({
  run_id: runId,
  setup_duration: setupMs,
  execution_duration: executionMs,
  tasks,
  repair_history: repairs,
}: Run): JsonObject {
  const info: Readonly<Record<string, JsonValue | null | undefined>> = {
    runId,
    setupMs,
    executionMs,
    tasks: tasks?.length ? tasks.length : undefined,
    repairs: repairs?.length ? repairs.filter(({ type }) => type === 'REPAIR').length : undefined,
  };
  return Object.fromEntries(
    Object.entries(info).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  );
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
