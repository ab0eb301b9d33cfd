// Ctrl K: commands, pages and objects by a few letters.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { trapTab } from "./focus";
import { Icon, isIcon } from "./Icon";
import { rank, type Act, type Ranked } from "./palette-rank";

interface Props {
  acts: (query: string) => readonly Act[];
  onClose: () => void;
  /** What it lists, when it is not everything. */
  about?: string;
}

export function CommandPalette({ acts, onClose, about }: Props) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const found = useMemo(() => rank(acts(query), query), [acts, query]);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    input.current?.focus();
    return () => before?.focus();
  }, []);
  useEffect(() => { list.current?.querySelector("[aria-selected='true']")?.scrollIntoView({ block: "nearest" }); }, [at, found]);
  const choose = (one: Ranked | undefined) => { if (one) { onClose(); one.act.run(); } };
  const keys = (event: React.KeyboardEvent) => {
    event.nativeEvent.stopImmediatePropagation();
    if (event.key === "Escape" || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) { event.preventDefault(); onClose(); }
    else if (event.key === "ArrowDown") { event.preventDefault(); setAt((now) => (now + 1) % Math.max(1, found.length)); }
    else if (event.key === "ArrowUp") { event.preventDefault(); setAt((now) => (now + found.length - 1) % Math.max(1, found.length)); }
    else if (event.key === "Enter") { event.preventDefault(); choose(found[at]); }
    else trapTab(event, event.currentTarget as HTMLElement);
  };
  return createPortal(
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions, jsx-a11y/click-events-have-key-events
    <div className="scrim palette-scrim" onClick={(event) => { if (event.target === event.currentTarget) onClose(); }}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div className="palette" role="dialog" aria-modal="true" aria-label={about ?? "Search or run"} onKeyDown={keys}>
        <div className="query">
          <Icon name="search" />
          <input
            ref={input} type="text" role="combobox" aria-expanded="true" aria-controls={id} aria-autocomplete="list" aria-label={about ?? "Search or run"}
            aria-activedescendant={found[at] ? `${id}-${at}` : undefined} placeholder={about ?? "Search or run"} autoComplete="off" spellCheck={false}
            value={query} onChange={(event) => { setQuery(event.target.value); setAt(0); }}
          />
          <kbd>Esc</kbd>
        </div>
        <div className="options" role="listbox" id={id} aria-label="Commands" ref={list}>
          {found.map((one, index) => (
            // The input above has the focus and the keys.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div key={one.act.id} id={`${id}-${index}`} role="option" tabIndex={-1} aria-selected={index === at} className="option" onPointerMove={() => setAt(index)} onClick={() => choose(one)}>
              <Icon name={isIcon(one.act.icon) ? one.act.icon : "play"} />
              <span className="clip"><Lit text={one.act.title} hits={one.hits} /></span>
              <span className="end">{one.act.place}{index === at ? <kbd>Enter</kbd> : one.act.key && <kbd>{one.act.key}</kbd>}</span>
            </div>
          ))}
        </div>
        {found.length === 0 && <p className="none" role="status">Nothing fits “{query}”. Room names, query ids, sources and acts are known here.</p>}
      </div>
    </div>,
    document.body,
  );
}

/** The letters that fit, lit. */
function Lit({ text, hits }: { text: string; hits: readonly number[] }) {
  if (hits.length === 0) return <>{text}</>;
  const lit = new Set(hits);
  const runs: { text: string; on: boolean }[] = [];
  Array.from(text).forEach((letter, at) => {
    const on = lit.has(at);
    const last = runs[runs.length - 1];
    if (last?.on === on) last.text += letter;
    else runs.push({ text: letter, on });
  });
  return <>{runs.map((run, at) => (run.on ? <mark key={at}>{run.text}</mark> : run.text))}</>;
}
