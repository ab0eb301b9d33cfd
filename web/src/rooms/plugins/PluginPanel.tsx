// A plugin beside the page: how it is, and its log, followed while it is written.
import type { PluginLine } from "@assay/client";
import { useEffect, useRef, useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Duration } from "../../kit/Duration";
import { Failed } from "../../kit/Failed";
import { count } from "../../kit/figures";
import { useKeys } from "../../kit/keys";
import { Loading } from "../../kit/Loading";
import { StatusMark } from "../../kit/StatusMark";
import { useCan } from "../../shell/session";
import type { BesideProps } from "../../shell/room";
import { Acts, Asking, type Act } from "./acts";
import { LogView } from "./LogView";
import { STATE_MARK, usePlugins } from "./questions";

export default function PluginPanel({ name, onClose }: BesideProps) {
  const plugins = usePlugins();
  const plugin = plugins.value?.data.find((one) => one.name === name);
  const mayRead = useCan("plugins.log");
  const mayRun = useCan("plugins.restart");
  const [asking, setAsking] = useState<Act | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const node = panel.current;
    title.current?.focus({ preventScroll: true });
    return () => { if (node?.contains(document.activeElement) || document.activeElement === document.body) before?.focus({ preventScroll: true }); };
  }, []);
  useKeys({ Escape: { does: "Close the plugin", run: onClose, always: true }, "]": { does: "Close the plugin", run: onClose } });
  return (
    <aside className="drawer plugin" aria-label={`Plugin ${name}`} ref={panel}>
      <header>
        <h2 ref={title} tabIndex={-1} className="clip" title={name}>{name}</h2>
        <span className="flex-1" />
        <Button kind="quiet" icon="close" name="Close the plugin (Esc)" onClick={onClose} />
      </header>
      {plugin ? <About plugin={plugin} acts={mayRun && <Acts plugin={plugin} words onAsk={(act) => setAsking(act)} />} /> : plugins.value
        ? <p className="p-4 t2">No enabled store uses a plugin {name}.</p>
        : plugins.error !== null ? <Failed error={plugins.error} what={`Can't show ${name}`} onAgain={plugins.again} /> : <Loading rows={3} what={name} />}
      {plugin && mayRead && <LogView name={name} turn={`${plugin.state} ${plugin.restarts}`} />}
      {plugin && asking && <Asking act={asking} plugin={plugin} onClose={() => setAsking(null)} />}
    </aside>
  );
}

function About({ plugin, acts }: { plugin: PluginLine; acts: React.ReactNode }) {
  return (
    <div className="about">
      <div className="between flex-wrap">
        <span className="row"><StatusMark state={STATE_MARK[plugin.state]}>{plugin.state}</StatusMark><span className="t2"><Age at={plugin.since} /></span></span>
        {acts}
      </div>
      <dl className="facts-list">
        {plugin.reason && <><dt>Why</dt><dd>{plugin.reason}</dd></>}
        {!plugin.reason && plugin.lastError && <><dt>Last error</dt><dd>{plugin.lastErrorAt && <span className="t2"><Age at={plugin.lastErrorAt} />: </span>}{plugin.lastError}</dd></>}
        {plugin.version && <><dt>Version</dt><dd>{plugin.version}</dd></>}
        <dt>Latency</dt><dd>{plugin.latencyMs === null ? <span className="t3">not measured</span> : <Duration ms={plugin.latencyMs} />}</dd>
        <dt>Restarts</dt><dd>{count(plugin.restarts)}{plugin.readyAfterMs !== null && <span className="t2">, ready <Duration ms={plugin.readyAfterMs} /> after its last start</span>}</dd>
        <dt>Process</dt><dd>{plugin.pid ?? <span className="t3">none of ours</span>}</dd>
        <dt>Program</dt><dd className="mono small">{plugin.program ?? <span className="t3">none that may be started</span>}</dd>
        {plugin.address && <><dt>Listens at</dt><dd className="mono small">{plugin.address}</dd></>}
        <dt>Stores</dt><dd>{plugin.stores.join(", ") || <span className="t3">none</span>}</dd>
      </dl>
    </div>
  );
}
