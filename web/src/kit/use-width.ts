// The measured width of an element, so that what is drawn in it keeps its 11 px letters.
import { useCallback, useRef, useState } from "react";

export function useWidth(first: number): [ref: (node: HTMLElement | null) => void, width: number] {
  const [width, setWidth] = useState(first);
  const watcher = useRef<ResizeObserver | null>(null);
  const ref = useCallback((node: HTMLElement | null) => {
    watcher.current?.disconnect();
    watcher.current = null;
    if (!node) return;
    const measure = (value: number) => { if (value > 0) setWidth(Math.round(value)); };
    measure(node.getBoundingClientRect().width);
    watcher.current = new ResizeObserver(([entry]) => { if (entry) measure(entry.contentRect.width); });
    watcher.current.observe(node);
  }, []);
  return [ref, width];
}
