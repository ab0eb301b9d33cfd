// Start, stop, restart of a plugin: asked before where something stops working meanwhile.
import type { PluginLine } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Confirm } from "../../kit/Confirm";
import type { IconName } from "../../kit/Icon";
import type { Act as PaletteAct } from "../../kit/palette-rank";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { toastError } from "../../shell/toasts";
import { putPlugin } from "./questions";

export type Act = "start" | "stop" | "restart";

const WORDS: Record<Act, { word: string; icon: IconName }> = {
  start: { word: "Start", icon: "play" }, stop: { word: "Stop", icon: "stop" }, restart: { word: "Restart", icon: "replay" },
};

/** What can be done with a plugin as it is. */
export function actsOf({ state }: Pick<PluginLine, "state">): Act[] {
  return state === "stopped" ? ["start"] : ["restart", "stop"];
}

async function run(act: Act, name: string): Promise<void> {
  const path = { name };
  const line = await (act === "start" ? assay.post("/api/v1/plugins/{name}/start", { path }) : act === "stop" ? assay.post("/api/v1/plugins/{name}/stop", { path }) : assay.post("/api/v1/plugins/{name}/restart", { path }));
  putPlugin(line);
  renew("plugins");
}

function useRun(plugin: PluginLine, onAsk: (act: Act, plugin: PluginLine) => void) {
  const [busy, setBusy] = useState<Act | null>(null);
  const choose = (act: Act) => {
    if (act !== "start") { onAsk(act, plugin); return; }
    setBusy(act);
    run(act, plugin.name).catch((error: unknown) => toastError(`Can't start ${plugin.name}`, error)).finally(() => setBusy(null));
  };
  return { busy, choose };
}

/** The buttons of a row; with words where there is room. */
export function Acts({ plugin, onAsk, words = false }: { plugin: PluginLine; onAsk: (act: Act, plugin: PluginLine) => void; words?: boolean }) {
  const { busy, choose } = useRun(plugin, onAsk);
  return (
    <span className="row justify-end gap-1">
      {actsOf(plugin).map((act) => (words
        ? <Button key={act} icon={WORDS[act].icon} busy={busy === act} disabled={busy !== null} onClick={() => choose(act)}>{WORDS[act].word}</Button>
        : <Button key={act} kind="quiet" icon={WORDS[act].icon} name={`${WORDS[act].word} ${plugin.name}`} busy={busy === act} disabled={busy !== null} onClick={() => choose(act)} />))}
    </span>
  );
}

/** The same for the palette. */
export function rowActs(plugin: PluginLine, onAsk: (act: Act, plugin: PluginLine) => void): PaletteAct[] {
  return actsOf(plugin).map((act) => ({
    id: `plugin:${act}`, title: `${WORDS[act].word} ${plugin.name}`, kind: "row", place: "Plugin", icon: WORDS[act].icon,
    run: () => { if (act === "start") void run(act, plugin.name).catch((error: unknown) => toastError(`Can't start ${plugin.name}`, error)); else onAsk(act, plugin); },
  }));
}

export function Asking({ act, plugin, onClose }: { act: Act; plugin: PluginLine; onClose: () => void }) {
  const stores = plugin.stores.length > 0 ? plugin.stores.join(", ") : "No store";
  return (
    <Confirm question={`${WORDS[act].word} ${plugin.name}?`} act={act === "stop" ? "Stop it" : "Restart it"} danger={act === "stop"} onDo={() => run(act, plugin.name)} onClose={onClose}>
      <p className="break">{stores} can't be asked {act === "stop" ? "until it is started again, here or by a restart of Assay" : "until it is ready again, usually within two seconds"}. What runs in it now is broken off.</p>
    </Confirm>
  );
}
