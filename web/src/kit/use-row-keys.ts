// j, k and the arrows move among the rows of a table; the row's link takes the focus, so Enter opens it.
import { useEffect, useRef, type RefObject } from "react";
import { useKeys } from "./keys";

interface Rows<Row> {
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  selected: string | null;
  onSelect: (row: Row | null) => void;
}

/** Focus a row at once, so that Enter may follow; one that a long table has not drawn is scrolled near first, by its share
    of the height, unless another row is wanted by then. */
function reach(body: HTMLElement, key: string, share: number, wanted: () => boolean, tries = 8): void {
  const row = body.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  if (row) {
    row.querySelector<HTMLElement>(".row-link")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  } else if (tries > 0) {
    const box = body.getBoundingClientRect();
    window.scrollTo(0, window.scrollY + box.top + box.height * share - window.innerHeight / 2);
    requestAnimationFrame(() => { if (wanted()) reach(body, key, share, wanted, tries - 1); });
  }
}

export function useRowKeys<Row>(body: RefObject<HTMLElement | null>, table: Rows<Row> | null): void {
  const latest = useRef(table);
  const goal = useRef("");
  useEffect(() => { latest.current = table; });
  const move = (by: number) => {
    const now = latest.current;
    if (!now || now.rows.length === 0) return;
    const at = now.rows.findIndex((row) => now.rowKey(row) === now.selected);
    const next = now.rows[at < 0 ? (by > 0 ? 0 : now.rows.length - 1) : Math.max(0, Math.min(now.rows.length - 1, at + by))];
    if (next === undefined) return;
    const key = goal.current = now.rowKey(next);
    now.onSelect(next);
    if (body.current) reach(body.current, key, now.rows.indexOf(next) / now.rows.length, () => goal.current === key);
  };
  useKeys(table === null ? {} : {
    j: { does: "Next row", run: () => move(1) },
    k: { does: "Row before", run: () => move(-1) },
    ArrowDown: { does: "Next row", run: () => move(1), hidden: true },
    ArrowUp: { does: "Row before", run: () => move(-1), hidden: true },
  });
  useEffect(() => {
    const node = body.current;
    if (!node) return;
    const focus = (event: FocusEvent) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
      const now = latest.current;
      const found = now?.rows.find((one) => now.rowKey(one) === row?.dataset.row);
      if (now && found && now.rowKey(found) !== now.selected) now.onSelect(found);
    };
    node.addEventListener("focusin", focus);
    return () => node.removeEventListener("focusin", focus);
  }, [body]);
}
