// A question over the page: focus stays in it, Escape leaves it, focus goes back where it was.
import { useEffect, useId, useRef, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { trapTab } from "./focus";

export function Dialog({ title, children, acts, onClose, wide = false }: { title: string; children: ReactNode; acts?: ReactNode; onClose: () => void; wide?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const first = box.current?.querySelector<HTMLElement>("[data-first], input, select") ?? box.current?.querySelector<HTMLElement>("footer button");
    (first ?? box.current)?.focus();
    return () => before?.focus();
  }, []);
  return createPortal(
    // The scrim only gives a click beside the dialog a meaning; Escape does the same.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events
    <div className="scrim" onClick={(event) => { if (event.target === event.currentTarget) onClose(); }}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        className={`dialog ${wide ? "wide" : ""}`} role="dialog" aria-modal="true" aria-labelledby={id} ref={box} tabIndex={-1}
        onKeyDown={(event) => { if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); onClose(); } else trapTab(event, box.current); event.nativeEvent.stopImmediatePropagation(); }}
      >
        <div className="body"><h2 id={id}>{title}</h2>{children}</div>
        {acts && <footer>{acts}</footer>}
      </div>
    </div>,
    document.body,
  );
}
