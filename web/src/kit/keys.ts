// The keyboard: one listener for the page; what is mounted last answers first.
import { useEffect, useRef } from "react";

export interface Key {
  /** In words, for the list of keys. */
  does: string;
  run: (event: KeyboardEvent) => void;
  /** Left out of the list of keys. */
  hidden?: boolean;
  /** Works while typing too. */
  always?: boolean;
}

/** "j", "Escape", "Ctrl+k", or two keys one after the other: "g w". */
export type Keys = Record<string, Key>;

const layers: { current: Keys }[] = [];
const SINGLE_OFF = "assay.single-keys-off";
let first: { key: string; at: number } | null = null;

/** Whether keys without Ctrl work (WCAG 2.1.4 lets people turn them off). */
export function singleKeys(): boolean {
  try { return localStorage.getItem(SINGLE_OFF) === null; } catch { return true; }
}

export function setSingleKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(SINGLE_OFF);
    else localStorage.setItem(SINGLE_OFF, "1");
  } catch { /* storage is off: they stay on */ }
}

/** Everything that answers now, the topmost first, for the list of keys. */
export function knownKeys(): [key: string, does: string][] {
  const found = new Map<string, string>();
  for (const layer of layers.slice().reverse()) {
    for (const [key, one] of Object.entries(layer.current)) if (!one.hidden && !found.has(key)) found.set(key, one.does);
  }
  return [...found];
}

/** Name of the key that was pressed, with Ctrl (or Command) in front. */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">): string {
  return event.ctrlKey || event.metaKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
}

function typing(target: EventTarget | null): boolean {
  const node = target instanceof Element ? target : null;
  if (!node) return false;
  if (node.closest("textarea, select, [contenteditable='true']")) return true;
  const input = node.closest("input");
  return input !== null && !["checkbox", "radio", "button"].includes(input.type);
}

function listen(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const name = keyName(event);
  const plain = !name.startsWith("Ctrl+") && name !== "Escape";
  const inField = typing(event.target);
  const now = Date.now();
  const sequence = first && now - first.at < 1_200 ? `${first.key} ${name}` : null;
  first = null;
  if (plain && !singleKeys() && name.length === 1) return;
  for (const layer of layers.slice().reverse()) {
    const found = (sequence !== null ? layer.current[sequence] : undefined) ?? layer.current[name];
    if (!found || (inField && plain && !found.always)) continue;
    event.preventDefault();
    found.run(event);
    return;
  }
  const opens = !inField && plain && layers.some((layer) => Object.keys(layer.current).some((key) => key.startsWith(name + " ")));
  if (opens) first = { key: name, at: now };
}

/** Answer these keys while mounted. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  useEffect(() => { latest.current = keys; });
  useEffect(() => {
    const layer = { get current() { return latest.current; } };
    if (layers.length === 0) window.addEventListener("keydown", listen);
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) window.removeEventListener("keydown", listen);
    };
  }, []);
}
