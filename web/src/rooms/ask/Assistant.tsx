// The assistant's button at the corner of every page: its state, and the door to the panel.
import { OfflineError } from "@assay/client";
import { lazy, Suspense, useEffect } from "react";
import { errorWords } from "../../kit/Failed";
import { useKeys } from "../../kit/keys";
import { Mark } from "../../kit/Mark";
import { useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useCan, useSession } from "../../shell/session";
import { healthOf, type Health } from "./health";
import { forget, isBusy, openAssistant, useTalk } from "./talk";

const Panel = lazy(() => import("./Panel"));

/** Facts about plugins are pushed, and ask this anew; the rest, and what was missed, comes every ten seconds. */
const POLL = { every: 10_000, fresh: 10_000 };

function useHealth(): Health {
  const offline = useSession((session) => session.offline);
  const busy = useTalk(({ turns }) => turns.some(isBusy));
  const seesPlugins = useCan("plugins.health");
  const { value, error } = useAnswer("ai:status", (signal) => assay.get("/api/v1/ai/status", { signal }), POLL);
  const plugins = useAnswer(seesPlugins ? "plugins:health" : null, (signal) => assay.get("/api/v1/ai/plugins/health", { signal }), POLL).value?.plugins;
  if (offline || error instanceof OfflineError) return { state: "offline", mark: "unknown", word: "Offline", why: "Assay does not answer." };
  if (error !== null) return { state: "error", mark: "critical", word: "Error", why: errorWords(error) };
  if (value === undefined) return { state: "asking", mark: "unknown", word: "Not asked yet", why: "" };
  return healthOf(value, plugins ?? [], busy);
}

export default function Assistant() {
  return useCan("ask.generate") ? <Floating /> : null;
}

function Floating() {
  const open = useTalk((talk) => talk.open);
  const health = useHealth();
  useKeys({ a: { does: "Assistant", run: () => openAssistant() } });
  useEffect(() => forget, []);
  const look = health.state === "offline" || health.state === "asking" ? "off" : health.state === "error" ? "err" : "";
  const says = `Assistant, ${health.word.toLowerCase()}${health.state !== "online" && health.why ? `: ${health.why}` : ""}`;
  const ill = health.state === "offline" || health.state === "error";
  return (
    <>
      <button type="button" id="assistant-button" className={`fab ${look}`} aria-label={says} aria-haspopup="dialog" aria-expanded={open} title={`${says} (a)`} data-state={health.state} onClick={() => openAssistant()}>
        <svg className="icon fab-icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 4.5h16v11.5h-9l-4.5 4V16H4zM8.5 13l7-5.5" /></svg>
        <span className="badge"><Mark state={health.mark} /></span>
      </button>
      <span className="sr" role="status">{ill ? says : ""}</span>
      {open && <Suspense fallback={null}><Panel health={health} /></Suspense>}
    </>
  );
}
