import { documentOf, now, Refusal, toArn, type Document } from './document.ts';

/** An endpoint, which takes some time for everything. */
export class SageMakerEndpoint {
  readonly name: string;
  readonly request: Document;
  readonly #stepMs: number;
  readonly #isHealthy: (config: string) => boolean;
  readonly #createdAt = now();
  #config: string;
  #next: string | undefined;
  #status = 'Creating';
  #reason: string | undefined;

  /** @param isHealthy whether the containers of an endpoint config answer @param stepMs how long each state lasts, in milliseconds */
  constructor(request: Document, isHealthy: (config: string) => boolean, stepMs: number) {
    this.name = String(request['EndpointName']);
    this.request = request;
    this.#config = String(request['EndpointConfigName']);
    this.#isHealthy = isHealthy;
    this.#stepMs = stepMs;
    this.#after('Creating', () => {
      if (isHealthy(this.#config)) return 'InService';
      this.#reason =
        'The primary container for production variant v did not pass the ping health check. Please check CloudWatch logs for this endpoint.';
      return 'Failed';
    });
  }

  get arn(): string {
    return toArn(`endpoint/${this.name}`);
  }

  get status(): string {
    return this.#status;
  }

  get isGone(): boolean {
    return this.#status === 'gone';
  }

  /** New machines come up beside the old ones; where they do not answer, it is rolled back. */
  update(config: string): void {
    if (this.#status !== 'InService') throw new Refusal('ValidationException', 'Cannot update in-progress endpoint.');
    this.#next = config;
    this.#reason = undefined;
    this.#status = 'Updating';
    this.#after('Updating', () => {
      if (this.#isHealthy(config)) {
        this.#config = config;
        this.#next = undefined;
        return 'InService';
      }
      this.#after('RollingBack', () => {
        this.#next = undefined;
        this.#reason = `The containers of ${config} did not pass the ping health check; the endpoint was rolled back.`;
        return 'InService';
      });
      return 'RollingBack';
    });
  }

  delete(): void {
    if (this.#status === 'Deleting') return;
    this.#status = 'Deleting';
    this.#after('Deleting', () => 'gone');
  }

  /** As DescribeEndpoint has it. */
  describe(): Document {
    const hasMachines = !['Creating', 'Failed', 'Deleting'].includes(this.#status);
    return {
      EndpointName: this.name,
      EndpointArn: this.arn,
      EndpointConfigName: this.#config,
      EndpointStatus: this.#status,
      FailureReason: this.#reason,
      CreationTime: this.#createdAt,
      ...(hasMachines && { ProductionVariants: [{ VariantName: 'v', CurrentInstanceCount: 1 }] }),
      ...(this.#next !== undefined && { PendingDeploymentSummary: { EndpointConfigName: this.#next } }),
    };
  }

  /** Goes on after its time, unless something else happened meanwhile. */
  #after(status: string, next: () => string): void {
    setTimeout(() => {
      if (this.#status === status) this.#status = next();
    }, this.#stepMs).unref();
  }
}

/** Whether the containers of a model answer: those of an image with the tag `unhealthy` do not. */
export function isHealthyModel(model: Document | undefined): boolean {
  return !String(documentOf(model?.['PrimaryContainer'])['Image']).endsWith(':unhealthy');
}
