/** A document of SageMaker's API. */
export type Document = Readonly<Record<string, unknown>>;

/** What SageMaker refuses. */
export class Refusal extends Error {
  /** SageMaker's word for it: `ResourceInUse`. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The ARN of something of SageMaker's. */
export function toArn(resource: string): string {
  return `arn:aws:sagemaker:us-east-1:123456789012:${resource.toLowerCase()}`;
}

/** A mapping inside a document; empty for anything else. */
export function documentOf(value: unknown): Document {
  // What is no list has keys that are texts.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Document) : {};
}

/** A list inside a document; empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Now, as the API has it: in seconds. */
export function now(): number {
  return Date.now() / 1000;
}
