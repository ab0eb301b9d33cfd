// Which rows of a long table are near the window; the others are only room.
import { useEffect, useState, type RefObject } from "react";

export interface Windowed {
  from: number;
  to: number;
  /** Pixels left free above and below. */
  above: number;
  below: number;
}

const SPARE = 20;

/** Rows to draw, from where the table stands in the window. */
export function windowOf(total: number, rowHeight: number, top: number, viewHeight: number): Windowed {
  const first = Math.max(0, Math.floor(-top / rowHeight) - SPARE);
  const last = Math.min(total, Math.ceil((viewHeight - top) / rowHeight) + SPARE);
  const from = Math.min(first, Math.max(0, total - 1));
  const to = Math.max(from, last);
  return { from, to, above: from * rowHeight, below: (total - to) * rowHeight };
}

export function useWindowed(body: RefObject<HTMLElement | null>, total: number, rowHeight: number, on: boolean): Windowed {
  const [shown, setShown] = useState<Windowed>({ from: 0, to: Math.min(total, 60), above: 0, below: 0 });
  useEffect(() => {
    if (!on) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const next = windowOf(total, rowHeight, top, window.innerHeight);
      setShown((before) => (before.from === next.from && before.to === next.to && before.below === next.below ? before : next));
    };
    const later = () => { frame ||= requestAnimationFrame(look); };
    look();
    window.addEventListener("scroll", later, { passive: true });
    window.addEventListener("resize", later);
    return () => {
      window.removeEventListener("scroll", later);
      window.removeEventListener("resize", later);
      cancelAnimationFrame(frame);
    };
  }, [body, total, rowHeight, on]);
  return on ? { ...shown, to: Math.min(shown.to, total) } : { from: 0, to: total, above: 0, below: 0 };
}
