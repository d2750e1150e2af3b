import type { JsonObject, LogLink } from '@flyte-agents/core';
import { z } from 'zod';
import type { JobKind } from '../kinds.ts';
import { toLinks } from './links.ts';

const stepPage = z.object({
  PipelineExecutionSteps: z
    .array(
      z.object({
        StepName: z.string().nullish(),
        StepStatus: z.string().nullish(),
        FailureReason: z.string().nullish(),
        Metadata: z.record(z.string(), z.json()).nullish(),
      }),
    )
    .nullish(),
});

/** A step of a pipeline's execution that has begun. */
export type Step = NonNullable<z.infer<typeof stepPage>['PipelineExecutionSteps']>[number];

/** The steps of an answer. @throws ZodError when it is none of SageMaker's */
export function toSteps(answer: JsonObject): readonly Step[] {
  return stepPage.parse(answer).PipelineExecutionSteps ?? [];
}

/** What an execution is doing: `train Executing (2 steps Succeeded)`. */
export function toStepProgress(steps: readonly Step[]): string | undefined {
  const done = steps.filter(({ StepStatus }) => StepStatus === 'Succeeded').length;
  const others = steps.filter(({ StepStatus }) => StepStatus !== 'Succeeded').slice(0, 5);
  const told = others.map(({ StepName, StepStatus }) => `${StepName} ${StepStatus}`).join(', ');
  return [told, done > 0 ? `(${done} ${done === 1 ? 'step' : 'steps'} Succeeded)` : ''].filter(Boolean).join(' ') || undefined;
}

/** Why an execution failed, with the words of the step that did. */
export function toStepFailure(steps: readonly Step[], reason: string): string {
  const failed = failedOf(steps);
  if (failed === undefined) return reason;
  return `${reason.replace(/[.]$/, '')}; step ${failed.StepName}: ${failed.FailureReason || 'SageMaker does not say why'}`;
}

/** The pages of the jobs of steps, that of a step which failed first. */
export function toStepLinks(steps: readonly Step[], region: string): readonly LogLink[] {
  const failed = failedOf(steps);
  return [...(failed === undefined ? [] : [failed]), ...steps.filter((step) => step !== failed)].flatMap(({ StepName, Metadata }) =>
    Object.entries(Metadata ?? {}).flatMap(([what, about]) => {
      const kind = kindOf.get(what);
      const [, name] = /"arn:[^"]*:[a-z-]+-job\/([^"/]+)"/.exec(JSON.stringify(about)) ?? [];
      if (kind === undefined || name === undefined) return [];
      return toLinks({ kind, region, name })
        .slice(0, 1)
        .map(({ uri }) => ({ name: `Step ${StepName}`, uri }));
    }),
  );
}

function failedOf(steps: readonly Step[]): Step | undefined {
  return steps.find(({ StepStatus }) => StepStatus === 'Failed');
}

/** What steps run, as their metadata names it. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PipelineExecutionStepMetadata.html */
const kindOf: ReadonlyMap<string, JobKind> = new Map([
  ['TrainingJob', 'training'],
  ['ProcessingJob', 'processing'],
  ['QualityCheck', 'processing'],
  ['ClarifyCheck', 'processing'],
  ['TransformJob', 'transform'],
  ['TuningJob', 'tuning'],
]);
