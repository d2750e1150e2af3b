import { generateKeyPairSync } from 'node:crypto';

/** A key pair of a user of Snowflake, made for this run. */
export const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The private key as openssl writes it. */
export const privateKey: string = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
