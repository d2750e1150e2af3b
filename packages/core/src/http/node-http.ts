/**
 * Node's HTTP/1. An `import` of `node:http` reads all that it exports, and so loads the whole of `fetch`: 3 MB and 15 ms of
 * every start, for what the core does not use.
 */
export const nodeHttp: typeof import('node:http') = process.getBuiltinModule('node:http');
