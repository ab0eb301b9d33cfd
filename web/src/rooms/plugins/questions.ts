// What the pages of plugins ask, and how the server's facts become what is shown and said at once.
import type { Fact, PluginLine, Plugins, PluginState, StoreKind, StoreLine, Stores } from "@assay/client";
import type { State } from "../../kit/Mark";
import { useCallback, useState } from "react";
import { keep, kept, useAnswer, type Answer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useFacts } from "../../shell/facts";

/** Facts are pushed; this is for when the stream is broken, and for latencies. */
const POLL = { every: 10_000, fresh: 2_000 };
const LIST = "plugins:list", STORES = "plugins:stores";

export const STATE_MARK: Record<PluginState, State> = { ready: "ok", starting: "busy", degraded: "warning", crashed: "critical", stopped: "offline", disabled: "unknown" };

export function usePlugins(): Answer<Plugins> {
  return useAnswer(LIST, (signal) => assay.get("/api/v1/plugins", { signal }), POLL);
}

export function useStores(): Answer<Stores> {
  return useAnswer(STORES, (signal) => assay.get("/api/v1/stores", { signal }), POLL);
}

export function useKinds(): Answer<{ data: StoreKind[] }> {
  return useAnswer("plugins:kinds", (signal) => assay.get("/api/v1/stores/kinds", { signal }));
}

/** Show a plugin, or a store, as an act left it. */
export function putPlugin(line: PluginLine): void {
  const list = kept<Plugins>(LIST);
  if (list) keep(LIST, { ...list, data: list.data.map((one) => (one.name === line.name ? line : one)) });
}

export function putStore(line: StoreLine): void {
  const list = kept<Stores>(STORES);
  if (list) keep(STORES, { ...list, data: list.data.map((one) => (one.name === line.name ? line : one)) });
}

const STATES: Record<string, PluginState> = {
  "plugins.PluginStarted": "ready", "plugins.PluginDegraded": "degraded", "plugins.PluginCrashed": "crashed", "plugins.PluginStopped": "stopped",
};

/** What a fact says of a plugin; null when it is about a store of it, or about something else. */
export function told(fact: Pick<Fact, "event" | "body" | "at">): { plugin: string; state: PluginState; reason: string | null; at: string } | null {
  const state = STATES[fact.event];
  const { plugin, store, message } = fact.body;
  if (state === undefined || typeof plugin !== "string" || store !== undefined) return null;
  return { plugin, state, reason: typeof message === "string" ? message : null, at: fact.at };
}

/** The plugins as a fact leaves them; the server is asked for the rest. */
export function after(plugins: Plugins, fact: Parameters<typeof told>[0]): Plugins {
  const said = told(fact);
  if (said === null) return plugins;
  const failed = said.state === "crashed" || said.state === "degraded";
  const change = (one: PluginLine): PluginLine => ({
    ...one, state: said.state, reason: said.reason, since: one.state === said.state ? one.since : said.at,
    ...(failed ? { lastError: said.reason, lastErrorAt: said.at } : {}),
  });
  return { ...plugins, data: plugins.data.map((one) => (one.name === said.plugin ? change(one) : one)) };
}

/** A fact as a sentence, for people who hear the page. */
export function spoken(fact: Parameters<typeof told>[0]): string {
  const said = told(fact);
  return said === null ? "" : `The plugin ${said.plugin} is ${said.state}${said.reason ? `: ${said.reason}` : ""}.`;
}

/** Take facts up as they come; returns the newest as a sentence. */
export function useTold(): string {
  const [says, setSays] = useState("");
  useFacts(useCallback((fact) => {
    const list = kept<Plugins>(LIST);
    if (list) keep(LIST, after(list, fact));
    const sentence = spoken(fact);
    if (sentence !== "") setSays(sentence);
  }, []));
  return says;
}
