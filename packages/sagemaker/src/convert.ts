export { toCallRequest, toCallResource, toExisting } from './convert/call.ts';
export { keyTag, ownKeyOf } from './convert/keyed.ts';
export { toNames, toPlace, toRef, toRegion, toRequest } from './convert/job.ts';
export { toLinks, toLogPlace } from './convert/links.ts';
export { toResource } from './convert/resource.ts';
export { toSteps, type Step } from './convert/steps.ts';
