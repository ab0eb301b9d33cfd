// What happens on the server while the page stands: sources and plugins that change, scans that others ran.
import { readEvents, type Fact } from "@assay/client";
import { useEffect } from "react";
import { renew } from "./answers";
import { assay } from "./client";
import { noteError, useSession } from "./session";

type Listener = (fact: Fact) => void;

const listeners = new Set<Listener>();
const NAMES = ["sources.SourceConnected", "sources.SourceEdited", "sources.SourceRemoved", "workload.WorkloadScanned", "workload.IndexesAdvised",
  "plugins.PluginStarted", "plugins.PluginDegraded", "plugins.PluginCrashed", "plugins.PluginStopped", "plugins.StoreSaved", "plugins.StoreRemoved"];

/** Be told of facts while mounted; `listener` stays the same from draw to draw. */
export function useFacts(listener: Listener): void {
  useEffect(() => {
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, [listener]);
}

/** Listen while somebody is signed in; once for the page. */
export function useFactStream(): void {
  const me = useSession((session) => session.me?.id);
  useEffect(() => {
    if (me === undefined) return;
    const stop = new AbortController();
    const query = NAMES.map((name) => `events=${name}`).join("&");
    readEvents(assay, `/api/v1/events?${query}`, {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.event !== "item") return false;
        const fact = JSON.parse(event.data) as Fact;
        if (fact.event.startsWith("sources.")) renew("sources");
        if (fact.event.startsWith("plugins.")) renew("plugins");
        listeners.forEach((listener) => listener(fact));
        return false;
      },
      onBreak: (error) => noteError(error),
    }).catch(noteError);
    return () => stop.abort();
  }, [me]);
}
