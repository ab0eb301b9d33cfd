// The ledger: every check that was tried, newest first; filtered, searched, verified.
import type { Evidence, EvidencePage as PageNoun, Verification } from "@assay/client";
import { useCallback, useEffect, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Empty } from "../../kit/Empty";
import { useShowEvidence } from "../../kit/evidence-door";
import { Failed } from "../../kit/Failed";
import { brief, count, plural } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { Mark } from "../../kit/Mark";
import { PageHead } from "../../kit/PageHead";
import { Segments } from "../../kit/Segments";
import { Table, type Column } from "../../kit/Table";
import { useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { useLedger } from "../../shell/ledger";
import { Link } from "../../shell/Link";
import { setQuery, usePlace } from "../../shell/router";
import { Shown } from "../../shell/Shown";

const PAGE = 50;

const COLUMNS: Column<Evidence>[] = [
  { key: "id", head: "Evidence", width: "col-120", cell: (row) => <Hallmark verdict={row.passed ? "assayed" : "withheld"} evidence={[row.id]} /> },
  { key: "claim", head: "Claim", cell: (row) => <Link className="cell2 row-link" to={`/evidence/${row.id}`}><span>{row.claim}</span><span className="second">{row.kind} · {row.subject}</span></Link> },
  { key: "checks", head: "Checks", width: "col-92", num: true, hide: "hide-n", cell: (row) => (row.expired ? <span className="t3">expired</span> : <>{count(row.checks.filter((one) => one.passed).length)} <span className="t3">of {count(row.checks.length)}</span></>) },
  { key: "valid", head: "Valid", width: "col-192", hide: "hide-m", cell: (row) => <Valid row={row} /> },
  { key: "at", head: "Ran", width: "col-140", cell: (row) => <span className="t2"><Age at={row.at} /></span> },
];

function Valid({ row }: { row: Evidence }) {
  if (row.valid_until === null) return <span className="t2">without an end</span>;
  const over = Date.parse(row.valid_until) < Date.now();
  return over ? <span className="status t2"><Mark state="unknown" />stale</span> : <span className="t2 whitespace-nowrap">until <Age at={row.valid_until} /></span>;
}

function Verified({ verification }: { verification: Verification }) {
  return (
    <div className={`note mb-4 ${verification.whole ? "" : "critical"}`} role="status">
      <Mark state={verification.whole ? "ok" : "critical"} />
      <div>
        <b>{verification.whole ? "The ledger is whole." : "The ledger is broken."}</b> {plural(verification.checked, "entry", "entries")} and {plural(verification.checkpoints, "checkpoint")} recomputed in {brief(verification.took_ms)}, <Age at={verification.at} />.
        {verification.expired > 0 && ` ${plural(verification.expired, "entry has", "entries have")} expired; their digests stand.`}
        {verification.broken.length > 0 && <ul className="mt-1">{verification.broken.map((fault) => <li key={fault}>{fault}</li>)}</ul>}
      </div>
    </div>
  );
}

type Passed = "all" | "passed" | "failed";

function Filters({ passed, search, kind, kinds }: { passed: Passed; search: string; kind: string; kinds: readonly string[] }) {
  const [text, setText] = useState(search);
  useEffect(() => {
    if (text === search) return;
    const timer = setTimeout(() => setQuery({ search: text.trim() || null }, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [text, search]);
  return (
    <div className="toolbar mt-0">
      <Segments<Passed> label="Outcome" chosen={passed} onChoose={(next) => setQuery({ passed: next === "all" ? null : next }, { replace: true })} choices={[{ key: "all", word: "All" }, { key: "passed", word: "Passed" }, { key: "failed", word: "Failed" }]} />
      <label className="search"><Icon name="search" /><input type="search" aria-label="Search evidence" placeholder="Claim, subject, id" value={text} onChange={(event) => setText(event.target.value)} /><kbd>/</kbd></label>
      <label className="row"><span className="sr">Kind</span>
        <select className="input h-7" value={kind} onChange={(event) => setQuery({ kind: event.target.value || null }, { replace: true })}>
          <option value="">Every kind</option>
          {[...new Set([...kinds, ...(kind ? [kind] : [])])].sort().map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </label>
    </div>
  );
}

export default function EvidenceList() {
  const { query } = usePlace();
  const passed = (["passed", "failed"] as const).find((one) => one === query.get("passed")) ?? "all";
  const search = query.get("search") ?? "";
  const kind = query.get("kind") ?? "";
  const subject = query.get("subject") ?? "";
  const [pages, setPages] = useState(1);
  const shape = `${passed}:${search}:${kind}:${subject}`;
  useEffect(() => setPages(1), [shape]);
  const answer = useAnswer<PageNoun>(`evidence-list:${shape}:${pages}`, async (signal) => {
    let page: PageNoun | null = null;
    for (let at = 0; at < pages; at++) {
      const next: PageNoun = await assay.get("/api/v1/evidence", { signal, query: { limit: PAGE, ...(kind ? { kind } : {}), ...(subject ? { subject } : {}), ...(search ? { search } : {}), ...(passed !== "all" ? { passed: passed === "passed" } : {}), ...(page?.next_cursor ? { cursor: page.next_cursor } : {}) } });
      page = page ? { ...next, items: [...page.items, ...next.items] } : next;
      if (!next.next_cursor) break;
    }
    return page!;
  });
  const ledger = useLedger();
  const [selected, setSelected] = useState<string | null>(null);
  const select = useCallback((row: Evidence | null) => setSelected(row?.id ?? null), []);
  const show = useShowEvidence();
  useTitle("Evidence");
  useKeys({ r: { does: "Refresh", run: answer.again }, ...(selected ? { e: { does: "Open beside", run: () => show(selected) } } : {}) });
  const kinds = [...new Set((answer.value?.items ?? []).map((one) => one.kind))];
  return (
    <>
      <PageHead
        title="Evidence"
        facts={<><span>{answer.value ? plural(answer.value.total, "entry", "entries") : "The ledger"}</span>{subject && <span>about <span className="mono small">{subject}</span> <button type="button" className="link" onClick={() => setQuery({ subject: null })}>show all</button></span>}</>}
        acts={<Button kind="primary" icon="check" busy={ledger.asking} disabled={ledger.asking} onClick={ledger.again}>Verify the chain</Button>}
      />
      {ledger.verification && <Verified verification={ledger.verification} />}
      {ledger.error !== null && <section className="card mb-4"><Failed error={ledger.error} what="Can't verify the ledger" onAgain={ledger.again} /></section>}
      <Filters passed={passed} search={search} kind={kind} kinds={kinds} />
      <Shown answer={answer} what="the ledger" rows={8}>
        {(page) => (
          <section className="card" aria-label="Entries, newest first">
            {page.items.length === 0 ? (
              <Empty title={shape === "all:::" ? "Nothing has been checked yet" : "No entry fits"} {...(shape === "all:::" ? {} : { acts: <Button onClick={() => setQuery({ passed: null, search: null, kind: null, subject: null }, { replace: true })}>Show all</Button> })}>
                Every claim that Assay shows leaves an entry here: what was checked, how, and with what result.
              </Empty>
            ) : (
              <>
                <div className={answer.old ? "old-value" : undefined}><Table label="Evidence, newest first" columns={COLUMNS} rows={page.items} rowKey={(row) => row.id} selected={selected} onSelect={select} busy={answer.asking} /></div>
                <div className="foot-row"><span>{count(page.items.length)} of {plural(page.total, "entry", "entries")}</span>{page.next_cursor && <button type="button" className="link" onClick={() => setPages(pages + 1)}>Show {count(Math.min(PAGE, page.total - page.items.length))} more</button>}</div>
              </>
            )}
          </section>
        )}
      </Shown>
    </>
  );
}
