import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, fromBinary } from '@bufbuild/protobuf';
import { encodeLiterals, type LiteralMap } from '@flyte-agents/core';
import {
  CreateTaskRequestSchema,
  IdentifierSchema,
  LiteralMapSchema,
  ResourceType,
  TaskExecutionIdentifierSchema,
  TaskExecutionMetadataSchema,
  type CreateTaskRequest,
} from '@flyte-agents/proto/flyte1';
import type { TaskDefinition } from '../task/source.ts';
import type { Protocol } from './client.ts';

/** Whose execution a run is. */
export interface ExecutionOptions {
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  readonly outputPrefix?: string | undefined;
  readonly protocol: Protocol;
}

/** One execution of one task: a name that no other has, and the requests of its attempts. */
export class Execution {
  readonly #definition: TaskDefinition;
  readonly #options: ExecutionOptions;
  readonly #literals: LiteralMap;
  /** As long as the names that the engine makes. */
  readonly #name: string = `f${randomBytes(10).toString('hex').slice(1)}`;

  constructor(definition: TaskDefinition, literals: LiteralMap, options: ExecutionOptions) {
    this.#definition = definition;
    this.#literals = literals;
    this.#options = options;
  }

  /** What the engine sends for an attempt. @param attempt counts from 0 */
  request(attempt: number): CreateTaskRequest {
    const { request } = this.#definition;
    const { template, taskExecutionMetadata: metadata } = request;
    const node = metadata?.taskExecutionId?.nodeExecutionId;
    const project = this.#options.project ?? (node?.executionId?.project || 'local');
    const domain = this.#options.domain ?? (node?.executionId?.domain || 'development');
    const local = { resourceType: ResourceType.TASK, project, domain, name: template.type, version: 'local' };
    const taskId = template.id ?? create(IdentifierSchema, local);
    const executionId = { org: node?.executionId?.org ?? '', project, domain, name: this.#name };
    return create(CreateTaskRequestSchema, {
      inputs: fromBinary(LiteralMapSchema, encodeLiterals(Object.fromEntries(this.#literals))),
      template: { ...template, id: taskId },
      outputPrefix: this.#outputPrefix(attempt),
      taskExecutionMetadata: {
        ...(metadata ?? create(TaskExecutionMetadataSchema, { namespace: `${project}-${domain}` })),
        taskExecutionId: create(TaskExecutionIdentifierSchema, {
          taskId,
          nodeExecutionId: { nodeId: node?.nodeId || 'n0', executionId },
          retryAttempt: attempt,
        }),
      },
      ...(request.$unknown && { $unknown: request.$unknown }),
    });
  }

  /** The attempt is the last part of the path: counted from 0 on Flyte 1, from 1 on Flyte 2. */
  #outputPrefix(attempt: number): string {
    const { outputPrefix, protocol } = this.#options;
    const folder = outputPrefix?.replace(/\/$/, '') ?? pathToFileURL(join(tmpdir(), 'flyte-agents')).href;
    return `${folder}/${this.#name}/n0/data/${protocol === 'flyte2' ? attempt + 1 : attempt}`;
  }
}
