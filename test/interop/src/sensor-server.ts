import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createLogger, startServer } from '@flyte-agents/core';
import { FileSensor } from '@flyte-agents/s3-sensor';
import { startMoto } from '@flyte-agents/test-upstreams';

/** Our server with the file sensor, and the store it looks into. */
export interface SensorServer {
  /** `host:port` of our server. */
  readonly endpoint: string;
  put(key: string): Promise<void>;
  remove(key: string): Promise<void>;
  stop(): Promise<void>;
}

/** The bucket that the fixtures name. */
export const bucket = 'example-bucket';

/** Starts moto and our server, on which the sensor finds moto by the AWS SDK's standard variables. */
export async function startSensorServer(): Promise<SensorServer> {
  const moto = await startMoto();
  Object.assign(process.env, moto.environment);
  const s3 = new S3Client({ forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const logger = createLogger({ level: 'error' });
  // The fixtures name documents on the web: nothing is fetched from there.
  const options = { host: '127.0.0.1', port: 0, metricsPort: 0, denyHosts: ['*'], logger };
  // Tests do not wait until others' looks are forgotten.
  const server = await startServer({ agents: [new FileSensor({ shareForMs: 0 })], ...options });
  return {
    endpoint: `127.0.0.1:${server.port}`,
    put: async (key) => {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'there' }));
    },
    remove: async (key) => {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    stop: async () => {
      await server.stop();
      await moto.stop();
    },
  };
}
