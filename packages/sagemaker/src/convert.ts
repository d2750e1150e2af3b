export { toCallRequest, toCallResource, toExisting } from './convert/call.ts';
export { keyTag, toNames, toPlace, toRef, toRegion, toRequest } from './convert/job.ts';
export { toLinks, toLogPlace } from './convert/links.ts';
export { toResource } from './convert/resource.ts';
