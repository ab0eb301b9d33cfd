// Jobs that run, mine and others': followed over server-sent events, kept a while after their end.
import { AssayError, ended, followJob, type Job } from "@assay/client";
import { create } from "zustand";
import { assay } from "./client";
import { toastError } from "./toasts";

export const useJobs = create<{ jobs: Record<string, Job> }>()(() => ({ jobs: {} }));

const followed = new Map<string, Promise<Job | null>>();
const WORDS: Record<string, string> = { "workload.scan": "Scan", "workload.advise": "Index advice", "workload.simulate": "Simulate" };

/** What a job is called. */
export function jobWord(job: Pick<Job, "operation">): string {
  const known = WORDS[job.operation];
  if (known) return known;
  const verb = (job.operation.split(".").pop() ?? job.operation).replaceAll("_", " ");
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}

function put(job: Job): void {
  useJobs.setState(({ jobs }) => {
    const known = jobs[job.id];
    return known && known.version > job.version ? {} : { jobs: { ...jobs, [job.id]: job } };
  });
}

function forget(id: string): void {
  useJobs.setState(({ jobs }) => ({ jobs: Object.fromEntries(Object.entries(jobs).filter(([key]) => key !== id)) }));
}

function follow(job: Job): Promise<Job | null> {
  put(job);
  const known = followed.get(job.id);
  if (known) return known;
  const following = (async () => {
    const last = ended(job) ? job : await followJob(assay, job.id, { onProgress: put });
    followed.delete(job.id);
    if (last) put(last);
    setTimeout(() => forget(job.id), 20_000);
    return last;
  })();
  followed.set(job.id, following);
  following.catch(() => { followed.delete(job.id); forget(job.id); });
  return following;
}

/** Start a job and wait for its end; throws what made it fail. */
export async function runJob(start: () => Promise<Job>): Promise<Job> {
  const last = await follow(await start());
  if (last?.state === "failed") throw jobError(last);
  if (!last) throw new Error("The job was lost sight of. It may still be running.");
  return last;
}

/** What made a job fail, as an error in the one shape. */
export function jobError(job: Job): AssayError {
  const known = (job.error ?? {}) as { code?: string; message?: string; details?: Record<string, unknown>; trace_id?: string; timestamp?: string };
  return new AssayError(500, {
    code: known.code ?? "job_failed", message: known.message ?? `${jobWord(job)} failed.`,
    details: known.details ?? {}, trace_id: known.trace_id ?? job.trace_id, timestamp: known.timestamp ?? job.ended_at ?? new Date().toISOString(),
  });
}

export async function stopJob(id: string): Promise<void> {
  try { put(await assay.post("/api/v1/jobs/{id}/cancel", { path: { id } })); } catch (error) { toastError("Can't stop the job", error); }
}

/** Look for jobs that others started; three streams at most, since a browser opens few connections. */
export async function lookForJobs(): Promise<void> {
  const { items } = await assay.get("/api/v1/jobs", { query: { state: "running", limit: 20 } });
  for (const job of items) {
    if (followed.has(job.id)) continue;
    if (followed.size < 3) void follow(job).catch(() => undefined);
    else put(job);
  }
}
