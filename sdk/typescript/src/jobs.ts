// Following a job from the POST that started it to its end.
import type { Assay } from "./client";
import { AssayError, type ErrorBody } from "./errors";
import { readEvents } from "./events";
import type { Job } from "./nouns";

export interface Following {
  signal?: AbortSignal;
  onProgress?: (job: Job) => void;
  onBreak?: (error: unknown, tries: number) => void;
}

/** Whether a job will not change any more. */
export function ended(job: Pick<Job, "state">): boolean {
  return job.state !== "queued" && job.state !== "running";
}

/** What went wrong on the way, out of an "error" event. */
function errorIn(data: string): ErrorBody {
  const { error } = JSON.parse(data) as { error: ErrorBody };
  return error;
}

/** Watch a job until it ends and return it as it ended; null when told to stop before that. */
export async function followJob(assay: Assay, id: string, following: Following = {}): Promise<Job | null> {
  let last: Job | null = null;
  await readEvents(assay, `/api/v1/jobs/${encodeURIComponent(id)}/events`, {
    ...(following.signal ? { signal: following.signal } : {}),
    ...(following.onBreak ? { onBreak: following.onBreak } : {}),
    onEvent: (event) => {
      if (event.event === "error") throw new AssayError(500, errorIn(event.data));
      if (event.event !== "progress" && event.event !== "end") return false;
      last = JSON.parse(event.data) as Job;
      if (event.event === "end" || ended(last)) return true;
      following.onProgress?.(last);
      return false;
    },
  });
  if (last !== null && !ended(last)) return null;
  return last;
}
