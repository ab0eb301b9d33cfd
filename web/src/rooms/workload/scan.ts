// Scanning a database now, and what the page does when a scan or an advice ended somewhere.
import { AssayError, ended, type Fact, type Job, type ScanReport } from "@assay/client";
import { useCallback, useRef, useState } from "react";
import { plural } from "../../kit/figures";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useFacts } from "../../shell/facts";
import { runJob, useJobs } from "../../shell/jobs";
import { toast, toastError } from "../../shell/toasts";
import { CHANGED_BY_SCAN } from "./questions";

const renewAll = () => CHANGED_BY_SCAN.forEach(renew);

/** The job of an operation that runs now, if any. */
export function useRunning(operation: string): Job | undefined {
  return useJobs((state) => Object.values(state.jobs).find((job) => job.operation === operation && !ended(job)));
}

export interface Scan {
  running: boolean;
  error: unknown;
  /** A scan that somebody else started has ended: newer statistics are there. */
  newer: boolean;
  start: () => void;
  show: () => void;
}

export function useScan(source: string | null): Scan {
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [newer, setNewer] = useState(false);
  const quietUntil = useRef(0);
  useFacts(useCallback((fact: Fact) => {
    if (fact.event === "workload.WorkloadScanned" && Date.now() > quietUntil.current) setNewer(true);
  }, []));
  const show = useCallback(() => { setNewer(false); renewAll(); }, []);
  const start = useCallback(() => {
    if (source === null) return;
    setRunning(true);
    quietUntil.current = Infinity;
    setError(null);
    runJob(() => assay.post("/api/v1/scans", { body: { source } }))
      .then((job) => {
        renewAll();
        if (job.state !== "done") { toast({ state: "unknown", title: "Scan stopped", text: "What was read until then is kept." }); return; }
        const report = job.result as ScanReport | null;
        toast(report && typeof report === "object" && "fingerprints" in report
          ? { state: report.partial.length > 0 ? "warning" : "ok", title: `Scanned ${plural(report.fingerprints, "statement")}`, text: `${plural(report.findings.length, "finding")}, ${report.planned} planned${report.partial.length > 0 ? `, partial: ${report.partial[0]}` : ""}` }
          : { state: "ok", title: "Scan done" });
      })
      .catch((wrong: unknown) => { setError(wrong); if (!(wrong instanceof AssayError && wrong.status === 401)) toastError("The scan failed", wrong); })
      .finally(() => { setRunning(false); quietUntil.current = Date.now() + 5_000; });
  }, [source]);
  return { running, error, newer, start, show };
}
