// One store: how it is, tested, changed, removed.
import type { SaveStore, StoreLine, StoreStatus } from "@assay/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Confirm } from "../../kit/Confirm";
import { Duration } from "../../kit/Duration";
import { Empty } from "../../kit/Empty";
import { Failed } from "../../kit/Failed";
import { Mark } from "../../kit/Mark";
import { PageHead } from "../../kit/PageHead";
import { StatusMark } from "../../kit/StatusMark";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import type { PageProps } from "../../shell/room";
import { here, navigate, setQuery, usePlace } from "../../shell/router";
import { useCan } from "../../shell/session";
import { Shown } from "../../shell/Shown";
import { toast } from "../../shell/toasts";
import { putStore, STATE_MARK, useKinds, useStores, useTold } from "./questions";
import { StoreForm } from "./StoreForm";

/** A plugin that is being started is asked again for so long. */
const WAITS_MS = 15_000;
const STEP_MS = 300;

/** Ask whether it works, again while its plugin is being started. */
export async function tested(ask: () => Promise<StoreStatus>, now: () => number = Date.now, waitsMs = WAITS_MS): Promise<StoreStatus> {
  const until = now() + waitsMs;
  for (;;) {
    const said = await ask();
    if (said.state !== "starting" || now() > until) return said;
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

function useTest(name: string) {
  const [state, setState] = useState<{ busy: boolean; said: (StoreStatus & { at: string }) | null; error: unknown }>({ busy: false, said: null, error: null });
  const run = useCallback(() => {
    setState({ busy: true, said: null, error: null });
    tested(() => assay.post("/api/v1/stores/verify", { body: { name, kind: "" } }))
      .then((said) => { setState({ busy: false, said: { ...said, at: new Date().toISOString() }, error: null }); renew("plugins"); })
      .catch((error: unknown) => setState({ busy: false, said: null, error }));
  }, [name]);
  return { ...state, run };
}

/** What a test found, in a sentence. */
export function verdict(said: StoreStatus): string {
  if (said.ready) return `It works${said.readOnly ? ", read-only" : ""}${said.version ? `; its plugin is ${said.version}` : ""}.`;
  return `It does not work: ${said.message || "the plugin says no more."}`;
}

function Connection({ store, test }: { store: StoreLine; test: ReturnType<typeof useTest> }) {
  return (
    <Card title="Connection" end={<Button icon="replay" busy={test.busy} disabled={test.busy} onClick={test.run}>Test connection</Button>}>
      <div className="body stack gap-3">
        <div role="status">
          {test.said && <p className={`note ${test.said.ready ? "" : "critical"}`}><Mark state={test.said.ready ? "ok" : "critical"} /><span>{verdict(test.said)} {test.said.latencyMs !== null && <span className="t2">Asked in <Duration ms={test.said.latencyMs} />, <Age at={test.said.at} />.</span>}</span></p>}
        </div>
        {test.error !== null && <Failed error={test.error} what="Can't test it" compact />}
        <dl className="facts-list">
          <dt>State</dt><dd><StatusMark state={STATE_MARK[store.state]}>{store.state}</StatusMark>{store.reason && <span className="t2"> {store.reason}</span>}</dd>
          <dt>Plugin</dt><dd>{store.kind ? <Link className="link mono small" to={`/plugins?plugin=${encodeURIComponent(store.kind.name)}`}>{store.kind.name}</Link> : <span className="t3">it names none</span>}{store.version && <span className="t2"> {store.version}</span>}</dd>
          <dt>Latency</dt><dd>{store.latencyMs === null ? <span className="t3">not measured</span> : <Duration ms={store.latencyMs} />}{store.checkedAt && <span className="t2">, <Age at={store.checkedAt} /></span>}</dd>
          {store.warnings.length > 0 && <><dt>Warnings</dt><dd>{store.warnings.map((one) => <p key={one} className="row items-start"><Mark state="warning" />{one}</p>)}</dd></>}
        </dl>
      </div>
    </Card>
  );
}

function Removing({ store, onClose }: { store: StoreLine; onClose: () => void }) {
  const remove = async () => {
    await assay.delete("/api/v1/stores/{name}", { path: { name: store.name } });
    renew("plugins");
    toast({ state: "ok", title: `Removed ${store.name}` });
    navigate(here("/plugins"));
  };
  return (
    <Confirm question={`Remove ${store.name}?`} act="Remove it" danger typed={store.name} onDo={remove} onClose={onClose}>
      <p>Takes it, its password and its properties out of stores.yaml. Its plugin is stopped when no other store uses it. Nothing changes on the server behind it.</p>
      <p>This can’t be undone.</p>
    </Confirm>
  );
}

function Page({ store }: { store: StoreLine }) {
  const kinds = useKinds();
  const test = useTest(store.name);
  const wanted = usePlace().query.get("test") !== null;
  const started = useRef(false);
  const mayEdit = useCan("plugins.update_store");
  const [removing, setRemoving] = useState(false);
  const [saves, setSaves] = useState(0);
  const says = useTold();
  const { run } = test;
  useEffect(() => {
    if (!wanted || started.current) return;
    started.current = true;
    setQuery({ test: null }, { replace: true });
    run();
  }, [wanted, run]);
  const save = async (body: SaveStore) => {
    putStore(await assay.put("/api/v1/stores/{name}", { path: { name: store.name }, body }));
    renew("plugins");
    toast({ state: "ok", title: `Changed ${store.name}` });
    setSaves((times) => times + 1);
    run();
  };
  return (
    <>
      <PageHead title={store.name} facts={<><StatusMark state={STATE_MARK[store.state]}>{store.state}</StatusMark>{store.description && <span className="break">{store.description}</span>}</>} acts={mayEdit && <Button onClick={() => setRemoving(true)}>Remove</Button>} />
      <p className="sr" role="status">{says}</p>
      <div className="stack">
        <Connection store={store} test={test} />
        {mayEdit && (
          <Card title="Settings">
            {/* Drawn anew once saved: what was typed as a secret does not stay in the page. */}
            <Shown answer={kinds} what="the plugins that there are" rows={4} bare>{(value) => <StoreForm key={saves} kinds={value.data} store={store} act="Save and test" onSave={save} />}</Shown>
          </Card>
        )}
      </div>
      {removing && <Removing store={store} onClose={() => setRemoving(false)} />}
    </>
  );
}

export default function StorePage({ params }: PageProps) {
  const name = params.name ?? "";
  const answer = useStores();
  useTitle(name, name);
  return (
    <div className="narrow-page">
      <Shown answer={answer} what="the store" rows={6}>
        {(stores) => {
          const store = stores.data.find((one) => one.name === name);
          if (store) return <Page key={name} store={store} />;
          return <><PageHead title={name} /><section className="card"><Empty title={`There is no store ${name}`} acts={<Link className="btn" to="/plugins">All stores</Link>}>It was removed, or the file has an error in it; the page of all stores tells which.</Empty></section></>;
        }}
      </Shown>
    </div>
  );
}
