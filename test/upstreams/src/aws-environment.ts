/** Environment variables that lead an AWS client to a server of ours. A type, not an interface: it is spread into `env`. */
export type AwsEnvironment = {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly AWS_REGION: string;
  readonly AWS_ENDPOINT_URL_S3: string;
  /** The endpoint of every other service; absent where only S3 is served. */
  readonly AWS_ENDPOINT_URL?: string;
};

/** Credentials that our servers accept, for the region they claim to be. */
export const credentials: Pick<AwsEnvironment, 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY' | 'AWS_REGION'> = {
  AWS_ACCESS_KEY_ID: 'test-access-key',
  AWS_SECRET_ACCESS_KEY: 'test-secret-key',
  AWS_REGION: 'us-east-1',
};
