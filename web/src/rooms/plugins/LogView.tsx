// Lines of a log, only those near the view drawn; the newest stay in view until somebody scrolls up.
import type { LogLine } from "@assay/client";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../../kit/Button";
import { CopyButton } from "../../kit/CopyButton";
import { Failed } from "../../kit/Failed";
import { clockSeconds, count, exact, plural } from "../../kit/figures";
import { Loading } from "../../kit/Loading";
import { windowOf } from "../../kit/use-windowed";
import { assay } from "../../shell/client";
import { readOn, type Log } from "./log";

const LINE = 18;
const PAGE = 500;
const EVERY = 2_000;
const NEAR = 24;

/** Read the log, and on from there every two seconds while it is seen; `turn` asks at once. */
function useLog(name: string, turn: string): { log: Log | null; error: unknown; again: () => void } {
  const [log, setLog] = useState<Log | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(0);
  const known = useRef<Log | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = (cursor: string | null) => assay.get("/api/v1/plugins/{name}/log", { path: { name }, query: { limit: PAGE, ...(cursor === null ? {} : { cursor }) }, signal: stop.signal });
    const read = async () => {
      try {
        if (known.current === null || document.visibilityState === "visible") known.current = await readOn(ask, known.current);
        setLog(known.current);
        setError(null);
      } catch (wrong) { if (!stop.signal.aborted) setError(wrong); }
      if (!stop.signal.aborted) timer = setTimeout(() => void read(), EVERY);
    };
    void read();
    return () => { stop.abort(); clearTimeout(timer); };
  }, [name, turn, asked]);
  return { log, error, again: () => setAsked((times) => times + 1) };
}

export function LogView({ name, turn }: { name: string; turn: string }) {
  const { log, error, again } = useLog(name, turn);
  const lines = log?.lines;
  return (
    <section className="log" aria-label={`Log of ${name}`}>
      <header>
        <h3>Log</h3>
        {lines && <span className="t3 small">{plural(lines.length, "line")}</span>}
        <span className="flex-1" />
        {lines && lines.length > 0 && <CopyButton text={() => lines.map((line) => `${line.at} ${line.text}`).join("\n")} name="Copy the log">Copy</CopyButton>}
      </header>
      {error !== null && <Failed error={error} what="Can't read the log" onAgain={again} />}
      {!lines && error === null && <Loading rows={6} rowHeight={LINE} what="the log" />}
      {lines && (lines.length > 0 ? <Lines lines={lines} name={name} /> : <p className="px-4 pb-4 t2">It has written nothing yet.</p>)}
    </section>
  );
}

function Lines({ lines, name }: { lines: readonly LogLine[]; name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 1_200 });
  const [read, setRead] = useState(lines.length);
  const [follows, setFollows] = useState(true);
  const shown = windowOf(lines.length, LINE, -view.top, view.height);
  useLayoutEffect(() => { if (follows && box.current) box.current.scrollTop = box.current.scrollHeight; }, [lines, follows]);
  const look = (node: HTMLDivElement) => {
    const end = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR;
    setView({ top: node.scrollTop, height: node.clientHeight });
    setFollows(end);
    if (end || follows) setRead(lines.length);
  };
  const unread = follows ? 0 : Math.max(0, lines.length - read);
  return (
    <>
      <div className="log-lines" role="group" tabIndex={0} aria-label={`Lines that ${name} wrote, ${count(lines.length)}`} ref={box} onScroll={(event) => look(event.currentTarget)}>
        <svg width={1} height={shown.above} aria-hidden="true" />
        <ol start={shown.from + 1}>
          {lines.slice(shown.from, shown.to).map((line, at) => <li key={shown.from + at} data-line={shown.from + at + 1}><time dateTime={line.at} title={exact(line.at)}>{clockSeconds(line.at)}</time><span>{line.text || " "}</span></li>)}
        </ol>
        <svg width={1} height={shown.below} aria-hidden="true" />
      </div>
      {unread > 0 && <div className="log-new"><Button icon="arrow-down" onClick={() => setFollows(true)}>{plural(unread, "new line")}</Button></div>}
    </>
  );
}
