/** An answer of the S3 server. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A refusal in S3's terms: HTTP status, error code, message. */
export class S3Failure extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An XML document as S3 writes them. */
export function document(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`;
}

/** One XML element with text in it; nothing at all without a value. */
export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escaped(String(value))}</${name}>`;
}

/** The answer for a refusal. The caller leaves the body out where the request was a HEAD, as S3 does. */
export function failureAnswer(failure: S3Failure, resource: string, requestId: string): Answer {
  const content = [element('Code', failure.code), element('Message', failure.message), element('Resource', resource)];
  return {
    status: failure.status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content.join('')}${element('RequestId', requestId)}</Error>`,
  };
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };
  return text.replaceAll(/[&<>"\r]/g, (character) => entities[character] ?? character);
}
