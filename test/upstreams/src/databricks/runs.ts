import { Refusal, type Body } from './answer.ts';

/** How long a run is in each of its states, in milliseconds. */
export interface RunTimes {
  readonly queuedMs: number;
  readonly pendingMs: number;
  readonly runningMs: number;
}

interface Run {
  readonly id: bigint;
  readonly name: string;
  readonly jobId: bigint;
  readonly body: Body;
  readonly token: string | undefined;
  startedAt: number;
  cancelledAt: number | undefined;
  readonly repairs: bigint[];
}

/** What a program of this workspace does: a file or notebook whose path has `broken` in it fails, until it is repaired; others end well. */
const brokenProgram = /broken/;
/** The job that one-time runs are said to be of. */
const oneTime = 11n;
const failure = {
  error: 'ZeroDivisionError: division by zero',
  error_trace: 'Traceback (most recent call last):\n  File "report.py", line 7\nZeroDivisionError: division by zero',
};

/** The one-time runs and the jobs' runs of a workspace. Its clock is the real one. */
export class Runs {
  readonly #runs = new Map<bigint, Run>();
  readonly #times: RunTimes;
  readonly #url: () => string;
  /** Larger than JavaScript's numbers hold, as Databricks' are. */
  #next = 9_007_199_254_741_001n;

  constructor(times: RunTimes, url: () => string) {
    this.#times = times;
    this.#url = url;
  }

  get count(): number {
    return this.#runs.size;
  }

  /** @throws Refusal when there is nothing to run, or nothing to run it on */
  submit(body: Body): Body {
    const tasks = taskList(body);
    if (tasks.length === 0)
      throw new Refusal(400, 'INVALID_PARAMETER_VALUE', 'One of job_cluster_key, new_cluster, or existing_cluster_id must be specified.');
    return this.#start(body, oneTime, typeof body['run_name'] === 'string' ? body['run_name'] : 'Untitled');
  }

  runJob(body: Body): Body {
    return this.#start(
      { ...body, notebook_task: { notebook_path: `/jobs/${String(body['job_id'])}`, base_parameters: body['job_parameters'] } },
      BigInt(String(body['job_id'])),
      'nightly',
    );
  }

  repair(body: Body): Body {
    const run = this.#run(body['run_id']);
    if (this.#state(run).life_cycle_state !== 'TERMINATED') throw new Refusal(400, 'INVALID_STATE', 'The run is still active.');
    const latest = run.repairs.at(-1);
    if (latest !== undefined && String(body['latest_repair_id']) !== String(latest))
      throw new Refusal(409, 'RESOURCE_CONFLICT', 'It is not the latest repair.');
    run.repairs.push(this.#id());
    Object.assign(run, { startedAt: Date.now(), cancelledAt: undefined });
    return { repair_id: run.repairs.at(-1) };
  }

  get(id: unknown): Body {
    const run = this.#run(id);
    const state = this.#state(run);
    return {
      run_id: run.id,
      job_id: run.jobId,
      run_name: run.name,
      run_page_url: `${this.#url()}/?o=900800700600#job/${run.jobId}/run/${run.id}`,
      start_time: run.startedAt,
      setup_duration: this.#times.pendingMs,
      execution_duration: this.#times.runningMs,
      state,
      repair_history: [{ type: 'ORIGINAL' }, ...run.repairs.map((repair) => ({ id: repair, type: 'REPAIR' }))],
      tasks: taskList(run.body).map((task, index) => ({
        run_id: run.id + BigInt(index) * 1_000_000n + 500_000n,
        task_key: task['task_key'] ?? 'main',
        attempt_number: run.repairs.length,
        start_time: run.startedAt,
        state,
      })),
    };
  }

  output(id: unknown): Body {
    const wanted = BigInt(String(id));
    const run = [...this.#runs.values()].find((each) =>
      taskList(each.body).some((_, index) => each.id + BigInt(index) * 1_000_000n + 500_000n === wanted),
    );
    if (run === undefined) return this.get(id) && {};
    const state = this.#state(run);
    if (state.result_state === 'FAILED') return failure;
    const parameters = parametersOf(run.body);
    return state.result_state === 'SUCCESS' && parameters !== undefined
      ? { notebook_output: { result: JSON.stringify(parameters), truncated: false } }
      : {};
  }

  /** @param jobId default: one-time runs */
  list(isActive: boolean, jobId: string | null): Body {
    const wanted = jobId === null ? oneTime : BigInt(jobId);
    const all = [...this.#runs.values()]
      .toReversed()
      .filter((run) => run.jobId === wanted && (!isActive || this.#state(run).life_cycle_state !== 'TERMINATED'));
    return {
      runs: all.slice(0, 25).map(({ id, name, body }) => ({
        run_id: id,
        run_name: name,
        ...(typeof body['job_parameters'] === 'object' && {
          job_parameters: Object.entries(body['job_parameters'] ?? {}).map(([parameter, value]) => ({ name: parameter, value })),
        }),
      })),
    };
  }

  cancel(id: unknown): Body {
    const run = this.#run(id);
    if (this.#state(run).life_cycle_state !== 'TERMINATED') run.cancelledAt = Date.now();
    return {};
  }

  #start(body: Body, jobId: bigint, name: string): Body {
    const token = typeof body['idempotency_token'] === 'string' ? body['idempotency_token'] : undefined;
    const known = token === undefined ? undefined : [...this.#runs.values()].find((run) => run.token === token);
    if (known !== undefined) return { run_id: known.id };
    const run: Run = { id: this.#id(), name, jobId, body, token, startedAt: Date.now(), cancelledAt: undefined, repairs: [] };
    this.#runs.set(run.id, run);
    return { run_id: run.id };
  }

  #run(id: unknown): Run {
    const run = this.#runs.get(BigInt(String(id)));
    if (run === undefined) throw new Refusal(400, 'INVALID_PARAMETER_VALUE', `Run ${String(id)} does not exist.`);
    return run;
  }

  #state(run: Run): { readonly life_cycle_state: string; readonly result_state?: string; readonly state_message: string } {
    const { queuedMs, pendingMs, runningMs } = this.#times;
    if (run.cancelledAt !== undefined) return { life_cycle_state: 'TERMINATED', result_state: 'CANCELED', state_message: 'Run cancelled.' };
    const elapsed = Date.now() - run.startedAt;
    if (elapsed < queuedMs) return { life_cycle_state: 'QUEUED', state_message: 'Waiting for an available slot.' };
    if (elapsed < queuedMs + pendingMs) return { life_cycle_state: 'PENDING', state_message: 'Waiting for cluster.' };
    if (elapsed < queuedMs + pendingMs + runningMs) return { life_cycle_state: 'RUNNING', state_message: 'In run.' };
    if (brokenProgram.test(JSON.stringify(programOf(run.body))) && run.repairs.length === 0) {
      return { life_cycle_state: 'TERMINATED', result_state: 'FAILED', state_message: 'Workload failed, see run output for details.' };
    }
    return { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS', state_message: '' };
  }

  #id(): bigint {
    return (this.#next += 7n);
  }
}

const kinds = ['notebook_task', 'spark_python_task', 'spark_jar_task', 'python_wheel_task', 'sql_task'];

/** The tasks of a run: a list, or the one that stands at the top. */
function taskList(body: Body): readonly Body[] {
  if (Array.isArray(body['tasks'])) return body['tasks'];
  return kinds.some((kind) => body[kind] !== undefined) ? [body] : [];
}

function programOf(body: Body): unknown {
  return taskList(body).flatMap((task) => kinds.map((kind) => task[kind] ?? null));
}

function parametersOf(body: Body): unknown {
  const notebook = taskList(body)
    .map((task) => task['notebook_task'])
    .find((task) => typeof task === 'object' && task !== null);
  return notebook && 'base_parameters' in notebook ? notebook.base_parameters : undefined;
}
