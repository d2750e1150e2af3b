/**
 * The ceiling: what grpc-js itself costs. Decodes nothing, and answers every call with the bytes it was given for its path,
 * which are what the real server answered.
 */
import { Server, ServerCredentials, type MethodDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
