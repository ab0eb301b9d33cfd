// Where I am: the path, what stands behind its question mark, and how to go elsewhere.
import { useSyncExternalStore } from "react";

export interface Place {
  path: string;
  query: URLSearchParams;
}

const watchers = new Set<() => void>();
const scrolls = new Map<string, number>();
let place = read();

/** What follows a person from page to page. */
const KEPT = ["source", "since"];

function read(): Place {
  return { path: window.location.pathname, query: new URLSearchParams(window.location.search) };
}

function moved(): void {
  place = read();
  watchers.forEach((watcher) => watcher());
}

function stamp(): string {
  return (window.history.state as { stamp?: string } | null)?.stamp ?? "first";
}

/** Start listening to the browser's back and forward; once. */
export function startRouter(): void {
  window.history.scrollRestoration = "manual";
  window.addEventListener("popstate", () => { moved(); restoreScroll(); });
  window.addEventListener("scroll", () => { scrolls.set(stamp(), window.scrollY); }, { passive: true });
}

/** Go back to where the page was scrolled, as soon as it is long enough again. */
function restoreScroll(tries = 20): void {
  const goal = scrolls.get(stamp()) ?? 0;
  window.scrollTo(0, goal);
  if (tries > 0 && Math.abs(window.scrollY - goal) > 2) requestAnimationFrame(() => restoreScroll(tries - 1));
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const next = new URL(to, window.location.origin);
  const samePath = next.pathname === place.path;
  const state = { stamp: Math.random().toString(36).slice(2) };
  if (options.replace) window.history.replaceState({ stamp: stamp() }, "", next);
  else window.history.pushState(state, "", next);
  moved();
  if (!samePath) {
    window.scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }
}

/** Change what stands behind the question mark; null takes a word out. */
export function setQuery(words: Record<string, string | number | null>, options: { replace?: boolean } = {}): void {
  const query = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(words)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  navigate(place.path + (text ? `?${text}` : ""), options);
}

/** An address in this page, with the source and the time range taken along. */
export function here(path: string, words: Record<string, string> = {}): string {
  const [bare = path, tail = ""] = path.split("?");
  const query = new URLSearchParams(tail);
  for (const name of KEPT) {
    const value = place.query.get(name);
    if (value !== null && !query.has(name)) query.set(name, value);
  }
  for (const [name, value] of Object.entries(words)) query.set(name, value);
  const text = query.toString();
  return bare + (text ? `?${text}` : "");
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (watcher) => { watchers.add(watcher); return () => { watchers.delete(watcher); }; },
    () => place,
  );
}

/** The values of ":name" parts, or null when the path is another one. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = decode(given[at] ?? "");
    if (part.startsWith(":")) found[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return found;
}

function decode(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}
