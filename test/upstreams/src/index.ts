/** The servers that tests talk to, and the tools that start them. */
export type { AwsEnvironment } from './aws-environment.ts';
export { installTimeoutMs } from './cache.ts';
export { finish, run, startChild, type Child, type ChildOptions, type Finished } from './child.ts';
export { startMoto, type Moto } from './moto.ts';
export { freePort, startServer, type RunningServer, type ServerOptions } from './process.ts';
export { requirement, type Program, type Requirement } from './requirement.ts';
export type { S3Fault } from './s3-faults.ts';
export type { S3Operation } from './s3-request.ts';
export { startS3, type S3Options, type S3Server } from './s3.ts';
export { goTool, pythonTool } from './tools.ts';
