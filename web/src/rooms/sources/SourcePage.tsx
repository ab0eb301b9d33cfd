// One connected database: tested, edited, scheduled, looked into, removed.
import type { Source, SourceCheck } from "@assay/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Confirm } from "../../kit/Confirm";
import { Dialog } from "../../kit/Dialog";
import { Failed } from "../../kit/Failed";
import { exact } from "../../kit/figures";
import { PageHead } from "../../kit/PageHead";
import { StatusMark } from "../../kit/StatusMark";
import { ENGINE_WORD, SOURCE_MARK, SOURCE_WORD } from "../../kit/words";
import { keep, kept, renew, useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import type { PageProps } from "../../shell/room";
import { here, navigate, setQuery, usePlace } from "../../shell/router";
import { Shown } from "../../shell/Shown";
import { toast } from "../../shell/toasts";
import { Lacks } from "./Lacks";
import { Schedule } from "./Schedule";
import { SourceForm } from "./SourceForm";
import { Tables } from "./Tables";

function useCheck(id: string) {
  const key = `check:${id}`;
  const [check, setCheck] = useState<SourceCheck | undefined>(() => kept<SourceCheck>(key));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = useCallback(() => {
    setBusy(true);
    setError(null);
    assay.post("/api/v1/sources/{id}/check", { path: { id } })
      .then((found) => { keep(key, found); setCheck(found); renew("sources"); renew(`source:${id}`); })
      .catch((wrong: unknown) => setError(wrong))
      .finally(() => setBusy(false));
  }, [id, key]);
  return { check, busy, error, run };
}

function Removing({ source, onClose }: { source: Source; onClose: () => void }) {
  const remove = async () => {
    await assay.delete("/api/v1/sources/{id}", { path: { id: source.id }, version: source.version });
    renew("sources");
    toast({ state: "ok", title: `Removed ${source.name}` });
    navigate("/sources");
  };
  return (
    <Confirm question={`Remove ${source.name}?`} act="Remove and forget" danger typed={source.name} onDo={remove} onClose={onClose}>
      <p>Forgets its sealed address, its statistics, findings and recommendations. Evidence stays in the ledger. Nothing changes on {source.where}.</p>
      <p>This can't be undone: connected again, it starts with an empty history.</p>
    </Confirm>
  );
}

function Editing({ source, onClose }: { source: Source; onClose: () => void }) {
  const save = async (name: string, dsn: string) => {
    const next = await assay.put("/api/v1/sources/{id}", { path: { id: source.id }, version: source.version, body: { ...(name !== source.name ? { name } : {}), ...(dsn ? { dsn } : {}) } });
    keep(`source:${source.id}`, next);
    renew("sources");
    toast({ state: "ok", title: `Changed ${next.name}` });
    onClose();
  };
  return <Dialog title={`Edit ${source.name}`} onClose={onClose}><div className="-m-4"><SourceForm name={source.name} act="Save the change" dsnOptional onSubmit={save} more={<Button onClick={onClose}>Cancel</Button>} /></div></Dialog>;
}

function Page({ source }: { source: Source }) {
  const { check, busy, error, run } = useCheck(source.id);
  const wanted = usePlace().query.get("check") !== null;
  const [dialog, setDialog] = useState<"edit" | "remove" | null>(null);
  const started = useRef(false);
  useEffect(() => {
    if (!wanted || started.current) return;
    started.current = true;
    setQuery({ check: null }, { replace: true });
    run();
  }, [wanted, run]);
  return (
    <>
      <PageHead
        title={source.name}
        facts={<><StatusMark state={SOURCE_MARK[source.state]}>{SOURCE_WORD[source.state]}</StatusMark><span>{ENGINE_WORD[source.engine] ?? source.engine} {source.server_version}</span><span className="mono small">{source.where}</span>{source.checked_at && <span>tested <Age at={source.checked_at} /></span>}</>}
        acts={<>
          <Button onClick={() => setDialog("edit")}>Edit</Button>
          <Button onClick={() => setDialog("remove")}>Remove</Button>
          <Button icon="replay" busy={busy} disabled={busy} onClick={run}>Test</Button>
          <Link className="btn primary" to={`/workload?source=${encodeURIComponent(source.name)}`}>Open workload</Link>
        </>}
      />
      <div className="stack">
        {error !== null && <section className="card"><Failed error={error} what={`Can't test ${source.name}`} still="What was read from it before can still be looked at." onAgain={run} /></section>}
        {check ? <Lacks check={check} /> : (
          <Card title="Connection">
            <div className="body">
              <dl className="facts-list">
                <dt>State</dt><dd><StatusMark state={SOURCE_MARK[source.state]}>{SOURCE_WORD[source.state]}</StatusMark>{source.state_reason && <span className="t2"> {source.state_reason}</span>}</dd>
                <dt>Account</dt><dd className="mono small">{source.account}</dd>
                <dt>Connected</dt><dd>{exact(source.created_at)}</dd>
              </dl>
              <div className="mt-3"><Button icon="play" busy={busy} disabled={busy} onClick={run}>Test what it may read</Button></div>
            </div>
          </Card>
        )}
        <Schedule source={source.id} />
        <Tables source={source.id} />
      </div>
      {dialog === "edit" && <Editing source={source} onClose={() => setDialog(null)} />}
      {dialog === "remove" && <Removing source={source} onClose={() => setDialog(null)} />}
    </>
  );
}

export default function SourcePage({ params }: PageProps) {
  const id = params.id ?? "";
  const answer = useAnswer(`source:${id}`, (signal) => assay.get("/api/v1/sources/{id}", { path: { id }, signal }));
  useTitle(answer.value?.name ?? "Source", answer.value?.name ?? id);
  if (answer.value === undefined && answer.error !== null) {
    return <><PageHead title="Source" /><section className="card"><Failed error={answer.error} what="Can't show this source" still={<Link className="link" to={here("/sources")}>All sources</Link>} onAgain={answer.again} /></section></>;
  }
  return <Shown answer={answer} what="the source" rows={6}>{(source) => <Page key={source.id} source={source} />}</Shown>;
}
