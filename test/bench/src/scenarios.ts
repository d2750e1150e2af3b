import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { createRequest, executionMark, manyFloats, syncMessages } from './requests.ts';

/** One kind of call, made many times over. */
export interface Scenario {
  readonly name: string;
  readonly path: string;
  /** Whether the call is a stream both ways. */
  readonly stream: boolean;
  readonly messages: readonly Uint8Array[];
  /** Wherever this text stands in a message, the call's number is written over its end. */
  readonly mark: string;
  /** How many different calls there are. */
  readonly distinct: number;
  /** How many calls one round makes. */
  readonly calls: number;
  /** Default: what was asked for on the command line. */
  readonly inFlight?: number;
  /** Begin this many calls a second, instead of keeping some in flight. */
  readonly perSecond?: number;
  /** Whether the bare echo is a measure for it. */
  readonly echo: boolean;
  /** @throws when it is not the answer that the call must have */
  readonly check: (answer: Uint8Array) => void;
}

const { getTask, createTask } = flyte1.AsyncAgentService.method;
const { executeTaskSync } = flyte1.SyncAgentService.method;
const { listAgents } = flyte1.AgentMetadataService.method;
const getTask2 = flyte2.AsyncConnectorService.method.getTask;

/** A job's id in a bare reference. */
const jobMark = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
/** How many jobs are polled in turn: the server remembers something of each. */
const watchedJobs = 10_000;
const endless = Number.MAX_SAFE_INTEGER;

/** The scenarios, for a server with the dummy agents: it is asked to create the tasks that are then polled. */
export async function prepareScenarios(address: string): Promise<readonly Scenario[]> {
  const connection = connect(address);
  const tasks = connection.client(flyte1.AsyncAgentService);
  const start = async (taskType: string, job?: string): Promise<Uint8Array> => {
    const custom = job === undefined ? {} : { job_id: job };
    const request = decode(flyte1.CreateTaskRequestSchema, createRequest(taskType, { custom, execution: job ?? taskType }));
    return (await tasks.createTask(request)).resourceMeta;
  };
  const running = await start('bench_async');
  const done = await start('bench_async', `done-${jobMark}`);
  const slow = await start('bench_slow');
  connection.close();

  const poll = { stream: false, distinct: watchedJobs, calls: 2500, echo: true };
  const getRunning = {
    ...poll,
    path: pathOf(getTask),
    messages: [getRequest('bench_async', running)],
    mark: keyOf(running),
    check: checkPhase('RUNNING'),
  };
  const create1 = { stream: false, path: pathOf(createTask), mark: executionMark, distinct: endless, echo: true, check: checkReference };
  return [
    { ...getRunning, name: 'GetTask RUNNING' },
    {
      ...poll,
      name: 'GetTask SUCCEEDED, dataset',
      path: pathOf(getTask),
      messages: [getRequest('bench_async', done)],
      mark: keyOf(done),
      check: checkPhase('SUCCEEDED'),
    },
    {
      ...poll,
      name: "GetTask, a Python agent's reference",
      path: pathOf(getTask),
      messages: [getRequest('bench_async', Buffer.from(JSON.stringify({ job_id: jobMark, project: 'bench-project', location: 'EU' })))],
      mark: jobMark,
      check: checkPhase('RUNNING'),
    },
    {
      ...poll,
      name: 'Flyte 2 GetTask RUNNING',
      path: pathOf(getTask2),
      messages: [encode(flyte2.GetTaskRequestSchema, { taskCategory: { name: 'bench_async' }, resourceMeta: running })],
      mark: keyOf(running),
      check: (answer) => checkResource(decode(flyte2.GetTaskResponseSchema, answer).resource, flyte2.TaskExecution_Phase.RUNNING),
    },
    { ...create1, name: 'CreateTask 2.9 KB', messages: [createRequest('bench_async')], calls: 2500 },
    {
      name: 'ExecuteTaskSync',
      stream: true,
      path: pathOf(executeTaskSync),
      messages: syncMessages('bench_sync'),
      mark: executionMark,
      distinct: endless,
      calls: 2500,
      echo: true,
      check: checkSync,
    },
    {
      name: 'ListAgents',
      stream: false,
      path: pathOf(listAgents),
      messages: [new Uint8Array()],
      mark: executionMark,
      distinct: 1,
      calls: 2500,
      echo: true,
      check: checkList,
    },
    { ...getRunning, name: 'GetTask at 200 a second', calls: 400, perSecond: 200 },
    {
      ...poll,
      name: 'GetTask, 200 ms upstream, 500 at once',
      path: pathOf(getTask),
      messages: [getRequest('bench_slow', slow)],
      mark: keyOf(slow),
      calls: 5000,
      inFlight: 500,
      echo: false,
      check: checkPhase('RUNNING'),
    },
    // At the end: its answers are small, but its requests leave a large heap behind.
    {
      ...create1,
      name: 'CreateTask, 60,000 unread floats',
      messages: [createRequest('bench_async', { inputs: manyFloats() })],
      calls: 80,
    },
  ];
}

interface Method {
  readonly name: string;
  readonly parent: { readonly typeName: string };
}

function pathOf({ name, parent }: Method): string {
  return `/${parent.typeName}/${name}`;
}

function getRequest(taskType: string, reference: Uint8Array): Uint8Array {
  return encode(flyte1.GetTaskRequestSchema, { taskType, taskCategory: { name: taskType }, resourceMeta: reference });
}

/** The key in a reference: the calls are told apart by it. */
function keyOf(reference: Uint8Array): string {
  const key = /"key":"([0-9a-f]{32})"/.exec(Buffer.from(reference).toString())?.[1];
  if (key === undefined) throw new Error(`a reference without a key: ${Buffer.from(reference).toString()}`);
  return key;
}

function checkPhase(phase: 'RUNNING' | 'SUCCEEDED'): Scenario['check'] {
  return (answer) => {
    const { resource } = decode(flyte1.GetTaskResponseSchema, answer);
    checkResource(resource, flyte1.TaskExecution_Phase[phase]);
    const dataset = resource?.outputs?.literals['results']?.value.case === 'scalar';
    if (dataset !== (phase === 'SUCCEEDED')) throw new Error(`${phase} ${dataset ? 'with' : 'without'} a dataset`);
  };
}

function checkSync(answer: Uint8Array): void {
  const { res } = decode(flyte1.ExecuteTaskSyncResponseSchema, answer);
  checkResource(res.case === 'header' ? res.value.resource : undefined, flyte1.TaskExecution_Phase.SUCCEEDED);
}

function checkList(answer: Uint8Array): void {
  const { agents } = decode(flyte1.ListAgentsResponseSchema, answer);
  if (agents.length === 0) throw new Error('no agents');
}

function checkReference(answer: Uint8Array): void {
  const text = Buffer.from(decode(flyte1.CreateTaskResponseSchema, answer).resourceMeta).toString();
  if (!text.includes('"job_id"')) throw new Error(`a reference without a job: ${text}`);
}

function checkResource(resource: { readonly phase: number; readonly message: string } | undefined, phase: number): void {
  if (resource?.phase !== phase) throw new Error(`phase ${resource?.phase} instead of ${phase}: ${resource?.message}`);
}

function encode<Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>): Uint8Array {
  return toBinary(schema, create(schema, message));
}

function decode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  return fromBinary(schema, bytes);
}
