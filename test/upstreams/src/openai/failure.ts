/** A refusal in the API's words. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly type: string;

  constructor(
    status: number,
    message: string,
    { code = null, type = 'invalid_request_error' }: { readonly code?: string | null; readonly type?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.type = type;
  }

  get body(): object {
    return { error: { message: this.message, type: this.type, param: null, code: this.code } };
  }
}

export function notFound(what: string, id: string): Refusal {
  return new Refusal(404, `No ${what} found with id '${id}'.`);
}
