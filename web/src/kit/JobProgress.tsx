// A job as it goes: name, step, a bar, what it does now, Stop.
import type { Job } from "@assay/client";
import { Button } from "./Button";
import { count } from "./figures";
import { Mark } from "./Mark";

const WORDS: Record<Job["state"], string> = {
  queued: "waits for a worker", running: "running", done: "done", failed: "failed", cancelled: "stopped", interrupted: "interrupted",
};

/** Share done, 0 to 100; null when the whole is not known. */
export function percentDone(job: Pick<Job, "state" | "done" | "total">): number | null {
  if (job.state === "done") return 100;
  if (!job.total) return null;
  return Math.max(0, Math.min(100, (job.done / job.total) * 100));
}

export function JobProgress({ job, title, onStop }: { job: Job; title: string; onStop?: () => void }) {
  const percent = percentDone(job);
  const running = job.state === "running" || job.state === "queued";
  const counted = job.total ? `${count(job.done)} of ${count(job.total)}` : null;
  const step = [job.step, counted].filter(Boolean).join(", ");
  return (
    <div className="job">
      <div className="between">
        <b className="strong clip">{title}</b>
        <span className="small t3 whitespace-nowrap tnum">{percent === null || !running ? WORDS[job.state] : `${Math.round(percent)}\u00a0%`}</span>
      </div>
      <svg className="progress" viewBox="0 0 320 4" preserveAspectRatio="none" role="progressbar" aria-label={title} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent === null ? undefined : Math.round(percent)} aria-valuetext={step || WORDS[job.state]}>
        {percent === null && running
          ? <rect className="bar-accent unknown-share" width={80} height={4} />
          : <rect className={job.state === "failed" ? "bar-critical" : "bar-accent"} width={((percent ?? 100) / 100) * 320} height={4} />}
      </svg>
      <div className="between min-h-7">
        <span className="small t2 clip" title={step}>{step || WORDS[job.state]}</span>
        {running && onStop && <Button kind="quiet" icon="stop" onClick={onStop}>Stop</Button>}
        {job.state === "failed" && <span className="status small text-critical"><Mark state="critical" />failed</span>}
      </div>
    </div>
  );
}
