// What goes wrong when a server is asked: it said no, or it did not answer.

/** The one shape of every error an Assay server sends. */
export interface ErrorBody {
  code: string;
  message: string;
  details: Record<string, unknown>;
  /** What may help, in words. */
  suggestions?: string[];
  trace_id: string;
  timestamp: string;
}

/** The server answered, and the answer is no. */
export class AssayError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly traceId: string;
  readonly timestamp: string;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.name = "AssayError";
    this.status = status;
    this.code = body.code;
    this.details = body.details;
    this.traceId = body.trace_id;
    this.timestamp = body.timestamp;
  }

  /** Name of the input that is wrong, when one is. */
  get field(): string | null {
    return typeof this.details.field === "string" ? this.details.field : null;
  }

  /** The command or statement that helps, when one is known. */
  get cure(): string | null {
    return typeof this.details.cure === "string" ? this.details.cure : null;
  }
}

/** Nothing answered: no network, or no server at that address. */
export class OfflineError extends Error {
  constructor(where: string, cause: unknown) {
    super(`${where} does not answer.`, { cause });
    this.name = "OfflineError";
  }
}

/** Read the error out of a response, whatever stands in it. */
export async function errorOf(response: Response): Promise<AssayError> {
  const fallback: ErrorBody = {
    code: `http_${response.status}`,
    message: `The server answered ${response.status} ${response.statusText}`.trim() + ".",
    details: {},
    trace_id: response.headers.get("x-trace-id") ?? "",
    timestamp: new Date().toISOString(),
  };
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as { error?: Partial<ErrorBody> };
    return new AssayError(response.status, { ...fallback, ...body.error });
  } catch {
    return new AssayError(response.status, fallback);
  }
}
