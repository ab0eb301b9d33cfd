// The database that is looked at: named in the URL, else the last one, else the first.
import type { Source, SourcePage } from "@assay/client";
import { useEffect } from "react";
import { useAnswer, type Answer } from "./answers";
import { assay } from "./client";
import { setQuery, usePlace } from "./router";

const LAST = "assay.source";

/** All connected databases; small enough to be asked for at once. */
export function useSources(): Answer<SourcePage> {
  return useAnswer("sources", (signal) => assay.get("/api/v1/sources", { query: { limit: 200 }, signal }), { every: 60_000, fresh: 20_000 });
}

function last(): string | null {
  try { return localStorage.getItem(LAST); } catch { return null; }
}

/** The source in view; undefined while asking, null when there is none. */
export function useSource(): Source | null | undefined {
  const { value, error } = useSources();
  const wanted = usePlace().query.get("source");
  const find = (key: string | null) => value?.items.find((one) => one.id === key || one.name === key);
  const found = value ? (find(wanted) ?? find(last()) ?? value.items[0] ?? null) : error ? null : undefined;
  useEffect(() => {
    if (!found || wanted === null) return;
    try { localStorage.setItem(LAST, found.id); } catch { /* storage is off */ }
  }, [found, wanted]);
  return found;
}

export function lookAt(source: Source): void {
  setQuery({ source: source.name, evidence: null });
}

/** The time range of the URL: minutes, or null for all there is. */
export function useSince(): number | null {
  const text = usePlace().query.get("since");
  const minutes = text === null ? NaN : Number(text);
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= 44_640 ? minutes : null;
}
