#!/usr/bin/env -S node --max-semi-space-size=4 --heap-growing-percent=50
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { main } from './program.ts';

// What grpc-js would write to the log is said in our own errors.
if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
process.exitCode = await main(process.argv[1] ?? '', process.argv.slice(2));
// An agent's idle connections must not keep the process.
setTimeout(() => process.exit(), 500).unref();
