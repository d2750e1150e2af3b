export { readRole, toClientSettings } from './access.ts';
export type { AwsAccess, ClientSettings } from './access.ts';
export { toReadFault, toSubmitFault, toUnsubmitted } from './faults.ts';
export type { Asked } from './faults.ts';
export { consoleUrl } from './partition.ts';
export { AwsRequestError, request } from './request-error.ts';
