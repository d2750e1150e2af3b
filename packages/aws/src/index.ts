export { toClientSettings } from './access.ts';
export type { AwsAccess, ClientSettings } from './access.ts';
export { AwsClients } from './clients.ts';
export { toReadFault, toSubmitFault, toUnsubmitted } from './faults.ts';
export type { Asked } from './faults.ts';
export { toLogLines } from './log.ts';
export type { LogEvent } from './log.ts';
export { consoleUrl } from './partition.ts';
export { AwsRequestError, request } from './request-error.ts';
