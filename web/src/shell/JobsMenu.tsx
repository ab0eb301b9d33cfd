// Running jobs: the newest in the bar, all of them under it.
import { useEffect } from "react";
import { ended } from "@assay/client";
import { JobProgress, percentDone } from "../kit/JobProgress";
import { Mark } from "../kit/Mark";
import { Menu } from "../kit/Menu";
import { jobWord, lookForJobs, stopJob, useJobs } from "./jobs";

export function JobsMenu() {
  const jobs = useJobs((state) => state.jobs);
  useEffect(() => {
    const look = () => { if (document.visibilityState === "visible") void lookForJobs().catch(() => undefined); };
    look();
    const timer = setInterval(look, 12_000);
    return () => clearInterval(timer);
  }, []);
  const all = Object.values(jobs).sort((a, b) => b.created_at.localeCompare(a.created_at));
  const newest = all.find((job) => !ended(job));
  if (all.length === 0) return null;
  const percent = newest ? percentDone(newest) : null;
  const shown = newest ?? all[0];
  if (!shown) return null;
  const state = newest ? "busy" : shown.state === "failed" ? "critical" : shown.state === "done" ? "ok" : "unknown";
  return (
    <Menu
      label="Jobs" kind="panel"
      button={(props) => (
        <button type="button" className="btn quiet" aria-label={`Jobs: ${jobWord(shown)} ${newest ? (percent === null ? "runs" : `${Math.round(percent)}\u00a0%`) : shown.state}`} {...props}>
          <Mark state={state} />
          <span className="tnum job-word">{jobWord(shown)}{newest ? (percent === null ? "" : ` ${Math.round(percent)}\u00a0%`) : shown.state === "done" ? " done" : ` ${shown.state}`}</span>
        </button>
      )}
    >
      {() => (
        <div className="job-list">
          {all.map((job) => <JobProgress key={job.id} job={job} title={jobWord(job)} onStop={() => void stopJob(job.id)} />)}
        </div>
      )}
    </Menu>
  );
}
