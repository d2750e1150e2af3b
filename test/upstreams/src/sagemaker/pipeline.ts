import { setTimeout as sleep } from 'node:timers/promises';
import { documentOf, listOf, now, toArn, type Document } from './document.ts';
import type { JobNoun, SageMakerJob } from './job.ts';

/** A step that has begun. */
interface BegunStep {
  readonly name: string;
  readonly noun: JobNoun;
  readonly job: SageMakerJob;
}

/** An execution of a pipeline: its steps, each a job, one after the other. */
export class PipelineExecution {
  readonly arn: string;
  readonly request: Document;
  readonly #steps: BegunStep[] = [];
  readonly #createdAt = now();
  #status = 'Executing';
  #reason: string | undefined;

  /** @param definition in JSON, by the schema of 2020-12-01 @param start starts the job of a step */
  constructor(id: string, request: Document, definition: string, start: (noun: JobNoun, request: Document) => SageMakerJob) {
    this.arn = toArn(`pipeline/${String(request['PipelineName'])}/execution/${id}`);
    this.request = request;
    const { Steps, Parameters } = documentOf(JSON.parse(definition));
    const values = new Map(
      [
        ...listOf(Parameters)
          .map(documentOf)
          .map(({ Name, DefaultValue }) => ({ Name, Value: DefaultValue })),
        ...listOf(request['PipelineParameters']).map(documentOf),
      ].map(({ Name, Value }) => [`Parameters.${String(Name)}`, Value] as const),
    );
    void this.#run(listOf(Steps).map(documentOf), (step) => {
      const noun = step['Type'] === 'Training' ? 'TrainingJob' : 'ProcessingJob';
      const name = `pipelines-${id}-${String(step['Name'])}`;
      return {
        name: String(step['Name']),
        noun,
        job: start(noun, { ...documentOf(fill(step['Arguments'], values)), [`${noun}Name`]: name }),
      };
    });
  }

  get isOver(): boolean {
    return !['Executing', 'Stopping'].includes(this.#status);
  }

  stop(): void {
    this.#status = 'Stopping';
    for (const { job } of this.#steps) if (!job.isOver) job.stop();
  }

  /** As DescribePipelineExecution has it, and lists of executions. */
  describe(): Document {
    const { PipelineName: name, ClientRequestToken: _token, ...rest } = this.request;
    return {
      ...rest,
      PipelineArn: toArn(`pipeline/${String(name)}`),
      PipelineExecutionArn: this.arn,
      PipelineExecutionStatus: this.#status,
      FailureReason: this.#reason,
      CreationTime: this.#createdAt,
      LastModifiedTime: now(),
    };
  }

  /** As ListPipelineExecutionSteps has them, the newest first. */
  steps(): readonly Document[] {
    return this.#steps.toReversed().map(({ name, noun, job }) => ({
      StepName: name,
      StepStatus: { InProgress: 'Executing', Completed: 'Succeeded' }[job.status] ?? job.status,
      FailureReason: job.reason,
      Metadata: { [noun]: { Arn: job.arn } },
    }));
  }

  async #run(steps: readonly Document[], begin: (step: Document) => BegunStep): Promise<void> {
    for (const step of steps) {
      await sleep(200);
      if (this.#status !== 'Executing') break;
      const begun = begin(step);
      this.#steps.push(begun);
      while (!begun.job.isOver) await sleep(50);
      if (begun.job.status === 'Failed') {
        this.#status = 'Failed';
        this.#reason = 'Step failure: One or multiple steps failed.';
        return;
      }
    }
    this.#status = this.#status === 'Stopping' ? 'Stopped' : 'Succeeded';
  }
}

/** A definition's part with the values of its parameters. */
function fill(part: unknown, values: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(part)) return part.map((item) => fill(item, values));
  if (typeof part !== 'object' || part === null) return part;
  const { Get: place } = documentOf(part);
  if (typeof place === 'string') return values.get(place);
  return Object.fromEntries(Object.entries(part).map(([name, item]) => [name, fill(item, values)]));
}
