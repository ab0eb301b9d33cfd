// The door of the client: what a program that talks to Assay needs.
export { Assay, type Asked, type Options } from "./client";
export { AssayError, OfflineError, type ErrorBody } from "./errors";
export { EventReader, readEvents, type ServerEvent } from "./events";
export { ended, followJob, type Following } from "./jobs";
export type * from "./nouns";
export type { components, operations, paths } from "./schema";
