import { Health as HealthService, HealthCheckResponse_ServingStatus as Status } from '@flyte-agents/proto/health';
import { addService } from '@flyte-agents/proto/grpc';
import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import { AgentError } from '../errors.ts';
import { unary } from './calls.ts';

type Watcher = ServerWritableStream<unknown, { status: Status }>;

/** gRPC's health service: SERVING until the server stops. A library for it exists, but takes 50 ms and some MB to load. */
export class Health {
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #status: Status = Status.SERVING;

  /** @param names what can be asked for; the empty name stands for the whole server */
  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  addTo(server: Server): void {
    addService(server, HealthService, {
      check: unary(async ({ service }) => {
        if (this.#names.has(service)) return { status: this.#status };
        throw new AgentError({ code: 'NOT_FOUND', message: `no service on this server is called ${service}` });
      }),
      watch: (stream) => {
        stream.write({ status: this.#names.has(stream.request.service) ? this.#status : Status.SERVICE_UNKNOWN });
        this.#watchers.add(stream);
        stream.on('cancelled', () => this.#watchers.delete(stream));
      },
      list: unary(async () => ({ statuses: Object.fromEntries([...this.#names].map((name) => [name, { status: this.#status }])) })),
    });
  }

  /** Says NOT_SERVING, also to those who watch; their streams end, so that they do not hold up the stop. */
  stop(): void {
    this.#status = Status.NOT_SERVING;
    for (const stream of this.#watchers) {
      stream.write({ status: this.#status });
      stream.end();
    }
    this.#watchers.clear();
  }
}
