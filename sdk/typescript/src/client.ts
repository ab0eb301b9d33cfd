// The thin typed wrapper around fetch: paths, queries, bodies and answers as the OpenAPI description says.
import { errorOf, OfflineError } from "./errors";
import type { paths } from "./schema";

type Method = "get" | "post" | "put" | "delete";
type Operation<P extends keyof paths, M extends Method> = paths[P][M];

/** Paths that answer a method. */
export type PathsOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths];

type Json<R> = R extends { content: { "application/json": infer T } } ? T : undefined;

/** What an operation answers when it answers well; a job, where it answers with one. */
export type AnswerOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R }
    ? Json<R extends { 202: infer A } ? A : R extends { 200: infer A } ? A : R extends { 201: infer A } ? A : never>
    : never;

type QueryOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { parameters: { query?: infer Q } } ? (Q extends object ? Q : never) : never;
type InPath<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { parameters: { path: infer A } } ? A : never;
type BodyOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;

/** What may be said with a call besides its path. */
export type Asked<P extends keyof paths, M extends Method> = {
  query?: Partial<QueryOf<P, M>>;
  body?: Partial<BodyOf<P, M>>;
  /** Version of the thing a PUT or DELETE changes; sent as If-Match. */
  version?: number;
  /** Sent with a POST, so that a repeat is not done twice; made when it is left out. */
  idempotencyKey?: string;
  signal?: AbortSignal;
} & ([InPath<P, M>] extends [never] ? { path?: undefined } : { path: InPath<P, M> });

type Rest<P extends keyof paths, M extends Method> = [InPath<P, M>] extends [never]
  ? [asked?: Asked<P, M>]
  : [asked: Asked<P, M>];

export interface Options {
  /** Address of the server, without a slash at its end; empty is where the page came from. */
  base?: string;
  /** Sent as a bearer token; a browser uses its session cookie instead. */
  token?: string;
  fetch?: typeof fetch;
}

interface Said {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  version?: number;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** A connection to one Assay server. */
export class Assay {
  readonly base: string;
  private readonly token: string | undefined;
  private readonly send: typeof fetch;

  constructor(options: Options = {}) {
    this.base = options.base ?? "";
    this.token = options.token;
    this.send = options.fetch ?? ((input, init) => fetch(input, init));
  }

  get<P extends PathsOf<"get">>(path: P, ...[asked]: Rest<P, "get">): Promise<AnswerOf<P, "get">> {
    return this.call("get", path, asked as Said | undefined);
  }

  post<P extends PathsOf<"post">>(path: P, ...[asked]: Rest<P, "post">): Promise<AnswerOf<P, "post">> {
    return this.call("post", path, asked as Said | undefined);
  }

  put<P extends PathsOf<"put">>(path: P, ...[asked]: Rest<P, "put">): Promise<AnswerOf<P, "put">> {
    return this.call("put", path, asked as Said | undefined);
  }

  delete<P extends PathsOf<"delete">>(path: P, ...[asked]: Rest<P, "delete">): Promise<AnswerOf<P, "delete">> {
    return this.call("delete", path, asked as Said | undefined);
  }

  /** Open a response and leave its body to the caller; for streams. */
  async open(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await this.send(this.base + path, { credentials: "same-origin", ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new OfflineError(this.base || "The server", cause);
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  private async call<T>(method: Method, template: string, asked: Said = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (method === "post") headers["Idempotency-Key"] = asked.idempotencyKey ?? newKey();
    if (asked.version !== undefined) headers["If-Match"] = `"${asked.version}"`;
    let body: string | undefined;
    if (method === "post" || method === "put") {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(asked.body ?? {});
    }
    const path = fill(template, asked.path) + search(asked.query);
    const init: RequestInit = { method: method.toUpperCase(), headers };
    if (body !== undefined) init.body = body;
    if (asked.signal) init.signal = asked.signal;
    const response = await this.open(path, init);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

/** Put the values into `/api/v1/queries/{id}`. */
function fill(template: string, values: Record<string, unknown> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? "")));
}

function search(query: Record<string, unknown> = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    if (Array.isArray(value)) for (const one of value) params.append(name, String(one));
    else params.append(name, String(value as string | number | boolean));
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** A key no other call has; randomUUID is absent on plain http beyond localhost. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
