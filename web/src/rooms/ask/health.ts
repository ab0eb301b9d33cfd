// Health of what answers questions: the engine, and the AI plugins that are in use.
import type { AiStatus, PluginHealth } from "@assay/client";
import type { State } from "../../kit/Mark";

export interface Health {
  state: "online" | "offline" | "processing" | "error" | "asking";
  mark: State;
  word: string;
  /** Why, where there is something to say. */
  why: string;
}

/** What the button shows: the worst of the engine and the AI plugins that are in use. */
export function healthOf(engine: Pick<AiStatus, "available" | "reason" | "currentModel">, plugins: readonly Pick<PluginHealth, "name" | "status" | "state" | "errorMessage">[], busy: boolean): Health {
  if (!engine.available) return { state: "error", mark: "critical", word: "Error", why: engine.reason ?? "No engine answers questions here." };
  const used = plugins.filter((one) => one.state !== "disabled");
  const ill = used.find((one) => one.status === "error") ?? used.find((one) => one.status === "offline");
  if (ill) {
    const why = `The AI plugin ${ill.name} is ${ill.state}${ill.errorMessage ? `: ${ill.errorMessage.replace(/\.$/, "")}` : ""}. Questions are answered without it.`;
    return ill.status === "error" ? { state: "error", mark: "critical", word: "Error", why } : { state: "offline", mark: "unknown", word: "Plugin offline", why };
  }
  const starting = used.find((one) => one.status === "processing");
  if (busy || starting) return { state: "processing", mark: "busy", word: "Processing", why: starting ? `The AI plugin ${starting.name} is being started.` : "" };
  return { state: "online", mark: "ok", word: "Online", why: engine.currentModel === "embedded" ? "engine of our own, no model configured" : engine.currentModel };
}
