// Above the list: which findings, which words, what the marks mean, the list as a file.
import type { BottleneckPage } from "@assay/client";
import { useEffect, useState } from "react";
import { Button } from "../../kit/Button";
import { Field } from "../../kit/Field";
import { count, plural } from "../../kit/figures";
import { Hallmark } from "../../kit/Hallmark";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { Menu, MenuEntry } from "../../kit/Menu";
import { Segments } from "../../kit/Segments";
import { setQuery } from "../../shell/router";
import { toast, toastError } from "../../shell/toasts";
import { exportBottlenecks } from "./export";
import type { BottleneckQuestion, Show } from "./questions";

function Search({ value }: { value: string }) {
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => setQuery({ search: text.trim() || null }, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <label className="search">
      <Icon name="search" />
      <input type="search" placeholder="Table, column, id" aria-label="Search statements" value={text} onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Escape") { setText(""); event.currentTarget.blur(); } }} />
      <kbd>/</kbd>
    </label>
  );
}

function MeanFilter({ value }: { value: number }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState(value > 0 ? String(value) : "");
  useKeys({ f: { does: "Filter", run: () => setOpen(true) } });
  const apply = (close: () => void) => { const mean = Number(text); setQuery({ mean: mean > 0 ? mean : null }, { replace: true }); close(); };
  return (
    <Menu label="Filter" kind="panel" side="left" open={open} onOpen={setOpen}
      button={(props) => <Button kind="quiet" icon="filter" {...props}>{value > 0 ? `Mean at least ${value}\u00a0ms` : "Filter"}<kbd>f</kbd></Button>}>
      {(close) => (
        <form className="stack gap-3 p-2" onSubmit={(event) => { event.preventDefault(); apply(close); }}>
          <Field label="Mean at least, ms" inputMode="decimal" value={text} onChange={(event) => setText(event.target.value)} />
          <div className="row"><Button kind="primary" type="submit">Apply</Button>{value > 0 && <Button onClick={() => { setText(""); setQuery({ mean: null }, { replace: true }); close(); }}>Clear</Button>}</div>
        </form>
      )}
    </Menu>
  );
}

export function Toolbar({ page, question }: { page: BottleneckPage; question: BottleneckQuestion }) {
  const [busy, setBusy] = useState(false);
  const save = async (kind: "csv" | "json") => {
    setBusy(true);
    try { toast({ state: "ok", title: `Exported ${plural(await exportBottlenecks(question, kind), "statement")}` }); } catch (error) { toastError("Can't export", error); }
    setBusy(false);
  };
  const plain = question.show === "all" && !question.search && question.minMean === 0;
  return (
    <div className="toolbar">
      <Segments<Show>
        label="Findings" chosen={question.show} onChoose={(show) => setQuery({ show: show === "all" ? null : show }, { replace: true })}
        choices={[
          { key: "all", word: <>All {plain && <span className="t3 tnum">{count(page.total)}</span>}</> },
          { key: "proved", word: <>Proved <span className="t3 tnum">{count(page.proved)}</span></> },
          { key: "withheld", word: <>Withheld <span className="t3 tnum">{count(page.withheld)}</span></> },
        ]}
      />
      <Search value={question.search} />
      <MeanFilter value={question.minMean} />
      <div className="end">
        <span className="row gap-3 hide-n" aria-label="What the marks mean"><Hallmark verdict="assayed" evidence={[]} /><Hallmark verdict="estimate" evidence={[]} /><Hallmark verdict="withheld" evidence={[]} /></span>
        <Menu label="Export" button={(props) => <Button kind="quiet" icon="download" busy={busy} {...props}>Export</Button>}>
          {(close) => (
            <>
              <MenuEntry onChoose={() => { close(); void save("csv"); }}>CSV, all pages</MenuEntry>
              <MenuEntry onChoose={() => { close(); void save("json"); }}>JSON, all pages</MenuEntry>
            </>
          )}
        </Menu>
      </div>
    </div>
  );
}
