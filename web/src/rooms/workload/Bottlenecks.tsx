// The statements that cost most, worst first, with what is wrong and what is proved to help.
import type { Bottleneck, BottleneckPage, Source } from "@assay/client";
import { useCallback, useEffect, useMemo, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { copyText } from "../../kit/copy";
import { Empty } from "../../kit/Empty";
import { useShowEvidence } from "../../kit/evidence-door";
import { Failed } from "../../kit/Failed";
import { count, plural, range, share } from "../../kit/figures";
import { JobProgress } from "../../kit/JobProgress";
import { useKeys } from "../../kit/keys";
import { Mark } from "../../kit/Mark";
import { PageHead } from "../../kit/PageHead";
import type { Act } from "../../kit/palette-rank";
import { Partial } from "../../kit/Partial";
import { Table } from "../../kit/Table";
import { usePageActs, useRowActs } from "../../shell/acts";
import { useCount } from "../../shell/counts";
import { useTitle } from "../../shell/crumb";
import { stopJob } from "../../shell/jobs";
import { here, navigate, setQuery, usePlace } from "../../shell/router";
import { Shown } from "../../shell/Shown";
import { useSince, useSource } from "../../shell/sources";
import { toast } from "../../shell/toasts";
import { columns } from "./columns";
import { NoSource } from "./NoSource";
import { useActivity, useAdvice, useBottlenecks, type BottleneckQuestion, type Show, type Sort } from "./questions";
import { useRunning, useScan } from "./scan";
import { SinceMenu } from "./SinceMenu";
import { Summary } from "./Summary";
import { Toolbar } from "./Toolbar";

const SORTS: readonly Sort[] = ["total", "mean", "calls", "rows", "blocks"];

function useQuestion(source: Source | null | undefined, pages: number): BottleneckQuestion | null {
  const { query } = usePlace();
  const since = useSince();
  const sort = SORTS.find((one) => one === query.get("sort")) ?? "total";
  const show = (["proved", "withheld"] as const).find((one) => one === query.get("show")) ?? "all";
  const search = query.get("search") ?? "";
  const minMean = Math.max(0, Number(query.get("mean") ?? 0) || 0);
  const id = source?.id;
  return useMemo(() => (id ? { source: id, since, sort, show: show as Show, search, minMean, pages } : null), [id, since, sort, show, search, minMean, pages]);
}

/** Long enough to show the whole window, within what may be asked. */
function activityMinutes(page: BottleneckPage | undefined, since: number | null): number {
  if (since !== null) return since;
  return Math.max(15, Math.min(1_440, Math.ceil((page?.window_seconds ?? 3_600) / 60)));
}

function useRowDoing(page: BottleneckPage | undefined, selected: string | null): void {
  const show = useShowEvidence();
  const row = page?.items.find((one) => one.query_id === selected);
  const acts = useMemo((): Act[] => {
    if (!row) return [];
    const rec = row.recommendation;
    const open = () => navigate(here(`/workload/queries/${row.query_id}`));
    const proof = rec?.evidence[0];
    const act = (title: string, icon: string, run: () => void, key?: string): Act => ({ id: `row:${title}`, title, kind: "row", place: row.query_id, icon, run, ...(key ? { key } : {}) });
    return [
      act(`Open ${row.query_id}`, "workload", open, "Enter"),
      ...(rec ? [act(`Simulate best fix of ${row.query_id}`, "play", () => navigate(here(`/workload/queries/${row.query_id}?simulate=${encodeURIComponent(rec.id)}`)))] : []),
      ...(rec && proof ? [act(`Evidence of ${row.query_id}`, "evidence", () => show(proof, rec.verdict), "e")] : []),
      act(`Copy the statement of ${row.query_id}`, "copy", () => void copyText(row.sql.text), "y"),
      ...(rec?.ddl ? [act(`Copy the DDL for ${row.query_id}`, "copy", () => void copyText(rec.ddl ?? ""))] : []),
    ];
  }, [row, show]);
  useRowActs(acts);
  useKeys(row ? {
    e: { does: "Evidence of the row", run: () => { const rec = row.recommendation; const proof = rec?.evidence[0]; if (rec && proof) show(proof, rec.verdict); else toast({ state: "info", title: `No evidence for ${row.query_id} yet` }); } },
    y: { does: "Copy the statement", run: () => { void copyText(row.sql.text).then((done) => toast({ state: done ? "ok" : "warning", title: done ? `Copied ${row.query_id}` : "Can't copy here" })); } },
  } : {});
}

function List({ page, question, old, onMore, asking }: { page: BottleneckPage; question: BottleneckQuestion; old: boolean; onMore: () => void; asking: boolean }) {
  const [selected, setSelected] = useState<string | null>(null);
  const rows = page.items;
  const select = useCallback((row: Bottleneck | null) => setSelected(row?.query_id ?? null), []);
  useRowDoing(page, selected);
  const top = Math.max(0, ...rows.map((row) => row.load.share));
  const cols = useMemo(() => columns(top), [top]);
  const shares = rows.reduce((sum, row) => sum + row.load.share, 0);
  const left = page.total - rows.length;
  return (
    <section className="card" aria-label="Queries, worst first">
      <div className={old ? "old-value" : undefined}>
        <Table
          label={`Queries of ${page.source_name} by ${question.sort}`} columns={cols} rows={rows} rowKey={(row) => row.query_id}
          sorted={{ by: question.sort, down: true }} onSort={(by) => setQuery({ sort: by === "total" ? null : by }, { replace: true })}
          selected={selected} onSelect={select} busy={asking}
        />
      </div>
      {rows.length === 0 ? (
        <Empty title="No statement fits" acts={<Button onClick={() => setQuery({ search: null, show: null, mean: null }, { replace: true })}>Show all</Button>}>
          {question.search ? `No statement holds “${question.search}” within this filter.` : "Nothing stands in this filter."}
        </Empty>
      ) : (
        <div className="foot-row">
          <span>{count(rows.length)} of {plural(page.total, "statement")}, {share(Math.min(1, shares))} of the time</span>
          {left > 0 && page.next_cursor && <button type="button" className="link" onClick={onMore} disabled={asking}>Show {count(Math.min(left, 25))} more</button>}
        </div>
      )}
    </section>
  );
}

function Facts({ page, since }: { page: BottleneckPage; since: number | null }) {
  return (
    <>
      <span>{plural(page.total, "statement")}</span>
      <span>{range(since)}, {plural(page.snapshots, "snapshot")}</span>
      <span>pg_stat_statements</span>
      {page.read_at && <span>read <Age at={page.read_at} /></span>}
    </>
  );
}

export default function Bottlenecks() {
  const source = useSource();
  const since = useSince();
  const [pages, setPages] = useState(1);
  const question = useQuestion(source, pages);
  const answer = useBottlenecks(question);
  const page = answer.value;
  const activity = useActivity(page ? (source?.id ?? null) : null, activityMinutes(page, since));
  const advice = useAdvice(page ? (source?.id ?? null) : null);
  const scan = useScan(source?.id ?? null);
  const job = useRunning("workload.scan");
  useTitle("Bottlenecks");
  useCount("workload", page?.findings);
  const shape = question && JSON.stringify({ ...question, pages: 0 });
  useEffect(() => setPages(1), [shape]);
  useKeys({ r: { does: "Refresh", run: () => { scan.show(); } } });
  const start = scan.start;
  const again = answer.again;
  usePageActs(useMemo((): Act[] => [
    { id: "scan", title: `Scan ${source?.name ?? "now"}`, kind: "page", place: "Workload", icon: "play", run: start },
    { id: "refresh", title: "Refresh the bottlenecks", kind: "page", place: "Workload", icon: "replay", key: "r", run: again },
  ], [source?.name, start, again]));

  if (source === null) return <><PageHead title="Bottlenecks" /><NoSource /></>;
  const busy = scan.running || job !== undefined;
  const never = page !== undefined && page.read_at === null;
  return (
    <>
      <PageHead
        title="Bottlenecks"
        facts={page && !never ? <Facts page={page} since={since} /> : source && <span>{source.name}</span>}
        acts={!never && <><SinceMenu /><Button kind="primary" icon="play" busy={busy} disabled={busy || !source} onClick={start}>{busy ? "Scanning" : "Scan now"}</Button></>}
      />
      {scan.newer && <div className="note info mb-4"><Mark state="info" /><div className="between w-full flex-wrap"><span><b>Newer statistics are there.</b> A scan has ended since this page was read.</span><Button onClick={scan.show}>Show them</Button></div></div>}
      {scan.error !== null && <section className="card mb-4"><Failed error={scan.error} what="The scan failed" still="What was read before stays below." onAgain={start} /></section>}
      {job && <section className="card mb-4" aria-label="Scan"><div className="body"><JobProgress job={job} title={`Scan of ${source?.name ?? ""}`} onStop={() => void stopJob(job.id)} /></div></section>}
      {never ? !job && (
        <section className="card">
          <Empty brand title={`${source?.name ?? "This database"} has not been scanned yet`} command={`assay scan ${source?.name ?? ""}`} acts={<Button kind="primary" icon="play" busy={busy} disabled={busy} onClick={start}>Scan now</Button>}>
            A scan reads pg_stat_statements with a read-only role, plans the statements that cost most, and tells what would help. It writes nothing to the server.
          </Empty>
        </section>
      ) : (
        <Shown answer={answer} what="the bottlenecks" rows={10} still="Plans, sources and evidence can still be opened.">
          {(value) => (
            <>
              {value.partial.length > 0 && <div className="mb-4"><Partial missing={value.partial} /></div>}
              <Summary page={value} since={since} activity={activity} advice={advice.value?.advice} />
              {question && <Toolbar page={value} question={question} />}
              {question && <List page={value} question={question} old={answer.old} asking={answer.asking} onMore={() => setPages(pages + 1)} />}
            </>
          )}
        </Shown>
      )}
    </>
  );
}
