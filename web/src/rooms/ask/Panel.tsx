// The assistant's panel: which database, the conversation, the question; focus stays in it, Escape gives it back.
import type { Source } from "@assay/client";
import { useEffect, useRef } from "react";
import { createPortal } from "react-dom";
import { Button } from "../../kit/Button";
import { trapTab } from "../../kit/focus";
import { useKeys } from "../../kit/keys";
import { Icon } from "../../kit/Icon";
import { Mark } from "../../kit/Mark";
import { Menu, MenuEntry } from "../../kit/Menu";
import { StatusMark } from "../../kit/StatusMark";
import { ENGINE_WORD, SOURCE_MARK, SOURCE_WORD } from "../../kit/words";
import { usePlace } from "../../shell/router";
import { useSource, useSources } from "../../shell/sources";
import { Composer } from "./Composer";
import { announced } from "./announced";
import type { Health } from "./health";
import { closeAssistant, forget, isBusy, setDraft, useTalk } from "./talk";
import { TurnView } from "./TurnView";
import { Welcome } from "./Welcome";

export default function Panel({ health }: { health: Health }) {
  const turns = useTalk((talk) => talk.turns);
  const source = useAsked();
  const evidence = usePlace().query.get("evidence") !== null;
  const draft = useTalk((talk) => talk.draft);
  const box = useRef<HTMLElement>(null);
  const log = useRef<HTMLDivElement>(null);
  const last = turns[turns.length - 1];
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.querySelector<HTMLElement>("textarea, [data-first]")?.focus();
    return () => {
      const back = before?.isConnected && before !== document.body ? before : document.getElementById("assistant-button");
      back?.focus();
    };
  }, []);
  useEffect(() => { log.current?.scrollTo({ top: log.current.scrollHeight }); }, [last?.id, last?.state, last?.run?.state]);
  // What had the focus may be gone when a turn changes (Stop, Try again): it goes to the question, not to the page.
  useEffect(() => { if (document.activeElement === document.body) box.current?.querySelector("textarea")?.focus(); }, [turns]);
  useKeys({ Escape: { does: "Close the assistant", run: closeAssistant, always: true } });
  const keys = (event: React.KeyboardEvent) => {
    // The evidence that was opened from here lies beside: Tab may go there.
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); closeAssistant(); }
    else if (!evidence) trapTab(event, box.current);
    event.nativeEvent.stopImmediatePropagation();
  };
  return createPortal(
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section className={`assistant ${evidence ? "beside" : ""}`} role="dialog" aria-modal={!evidence} aria-label="Assistant" ref={box} tabIndex={-1} onKeyDown={keys}>
      <header>
        <h2>Assistant</h2>
        <StatusMark state={health.mark}>{health.word}</StatusMark>
        <span className="t3 small clip why" title={health.why}>{health.why}</span>
        <span className="flex-1" />
        {source && <Databases source={source} />}
        {turns.length > 0 && <Button kind="quiet" onClick={() => { forget(); box.current?.querySelector("textarea")?.focus(); }}>Clear</Button>}
        <Button kind="quiet" icon="close" name="Close (Esc)" onClick={closeAssistant} />
      </header>
      <div className="log" role="group" tabIndex={0} aria-label="Conversation" ref={log}>
        {turns.length === 0 && <Welcome source={source} onAsk={setDraft} />}
        {turns.map((turn) => <TurnView key={turn.id} turn={turn} onEdit={setDraft} />)}
      </div>
      <p className="sr" role="status">{announced(last)}</p>
      <Composer source={source ?? null} draft={draft} onDraft={setDraft} busy={last !== undefined && isBusy(last) ? last : null} before={turns.map((turn) => turn.question)} />
    </section>,
    document.body,
  );
}

/** The database that questions are put to: the one chosen here, else the one in view. */
function useAsked(): Source | null | undefined {
  const chosen = useTalk((talk) => talk.sourceId);
  const { value } = useSources();
  const inView = useSource();
  return value?.items.find((one) => one.id === chosen) ?? inView;
}

function Databases({ source }: { source: Source }) {
  const { value } = useSources();
  return (
    <Menu
      label="Databases"
      button={(props) => (
        <button type="button" className="btn quiet pick" title={`Questions go to ${source.name}, ${SOURCE_WORD[source.state]}`} {...props}>
          <span className="sr">Database</span><Mark state={SOURCE_MARK[source.state]} /><span className="clip">{source.name}</span><Icon name="down" small />
        </button>
      )}
    >
      {(close) => value?.items.map((one) => (
        <MenuEntry key={one.id} checked={one.id === source.id} onChoose={() => { useTalk.setState({ sourceId: one.id }); close(); }}>
          <Mark state={SOURCE_MARK[one.state]} /><span className="clip">{one.name}</span><span className="end">{ENGINE_WORD[one.engine] ?? one.engine}</span>
        </MenuEntry>
      ))}
    </Menu>
  );
}
