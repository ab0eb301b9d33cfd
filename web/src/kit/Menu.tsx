// A button that opens a short list under itself; arrows move, Escape closes and gives the focus back.
import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface Props {
  /** Draws the button; gets what it must carry. */
  button: (props: { "aria-expanded": boolean; "aria-haspopup": "menu"; "aria-controls": string | undefined; onClick: () => void }) => ReactNode;
  children: (close: () => void) => ReactNode;
  side?: "left" | "right";
  label: string;
  /** A menu of choices, or a panel of anything. */
  kind?: "menu" | "panel";
  open?: boolean;
  onOpen?: (open: boolean) => void;
}

export function Menu({ button, children, side = "right", label, kind = "menu", open: given, onOpen }: Props) {
  const [own, setOwn] = useState(false);
  const open = given ?? own;
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const set = (next: boolean) => { setOwn(next); onOpen?.(next); };
  const setter = useRef(set);
  useEffect(() => { setter.current = set; });
  const close = () => {
    set(false);
    box.current?.querySelector<HTMLElement>("button")?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent) => { if (!box.current?.contains(event.target as Node)) setter.current(false); };
    document.addEventListener("pointerdown", outside);
    const list = box.current?.querySelector(".list");
    (list?.querySelector<HTMLElement>("[aria-checked='true']") ?? list?.querySelector<HTMLElement>(".entry, input, button"))?.focus();
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const keys = (event: React.KeyboardEvent) => {
    if (event.key === "Escape" && open) { event.preventDefault(); event.stopPropagation(); close(); return; }
    if (!open || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    const entries = [...(box.current?.querySelectorAll<HTMLElement>(".entry") ?? [])];
    if (entries.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const at = entries.indexOf(document.activeElement as HTMLElement);
    entries[(at + (event.key === "ArrowDown" ? 1 : entries.length - 1)) % entries.length]?.focus();
  };
  return (
    // Only keys of the focused list are handled here.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="menu" ref={box} onKeyDown={keys} onBlur={(event) => { if (event.relatedTarget && !box.current?.contains(event.relatedTarget)) set(false); }}>
      {button({ "aria-expanded": open, "aria-haspopup": "menu", "aria-controls": open ? id : undefined, onClick: () => set(!open) })}
      {open && <div className={`list ${side}`} id={id} role={kind === "menu" ? "menu" : "group"} aria-label={label}>{children(close)}</div>}
    </div>
  );
}

/** One choice of a menu. */
export function MenuEntry({ children, onChoose, checked }: { children: ReactNode; onChoose: () => void; checked?: boolean }) {
  return (
    <button type="button" className="entry" tabIndex={-1} role={checked === undefined ? "menuitem" : "menuitemradio"} aria-checked={checked} onClick={onChoose}>
      {children}
    </button>
  );
}
