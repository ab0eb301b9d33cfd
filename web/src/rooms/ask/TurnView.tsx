// One turn of the conversation: the question with the words that mattered, and what came of it.
import { useEffect, useMemo, useState } from "react";
import { Button } from "../../kit/Button";
import { Failed } from "../../kit/Failed";
import { clock, exact } from "../../kit/figures";
import { anchors, keyOf, pieces, type Piece } from "./clauses";
import { ReadingView } from "./ReadingView";
import { RefusalView } from "./RefusalView";
import { again, stop, type Turn } from "./talk";

/** Which words are lit: those under the pointer or the focus, else those that were pressed. */
export interface Light {
  lit: string | null;
  over: (key: string | null) => void;
  press: (key: string) => void;
}

function useLight(): Light {
  const [over, setOver] = useState<string | null>(null);
  const [held, setHeld] = useState<string | null>(null);
  return { lit: over ?? held, over: setOver, press: (key) => setHeld((now) => (now === key ? null : key)) };
}

export function TurnView({ turn, onEdit }: { turn: Turn; onEdit: (question: string) => void }) {
  const light = useLight();
  const explanation = turn.reading?.explanation;
  const text = turn.reading?.readAs ?? turn.question;
  const words = useMemo(() => anchors(text, explanation ?? []), [text, explanation]);
  const tones = useMemo(() => new Map(words.map((one, at): [string, number] => [keyOf(one), (at % 4) + 1])), [words]);
  const shown = useMemo(() => pieces(text, words, turn.refusal?.unknown), [text, words, turn.refusal]);
  const said = (key: string) => (explanation ?? []).filter((clause) => clause.because.some((one) => keyOf(one) === key)).map((clause) => clause.says).join("; ");
  return (
    <article className="turn" aria-label={turn.chosen ? `Another reading of: ${turn.question}` : turn.question}>
      <div className="asked">
        <p className="bubble" title={exact(turn.at)}>
          {turn.reading?.readAs && !turn.chosen && <>{turn.question}<br /><span className="small t3">Read as </span></>}
          {turn.chosen ? <><span className="t3">Read as </span>{turn.chosen.says}</> : shown.map((piece, at) => <Word key={at} piece={piece} light={light} said={said} />)}
        </p>
        {turn.state !== "asking" && !turn.chosen && (
          <span className="again">
            <span className="small t3">{turn.source.name}, {clock(turn.at)}</span>
            <button type="button" className="link small" onClick={() => onEdit(turn.question)}>Edit</button>
            <button type="button" className="link small" onClick={() => again(turn)}>Ask again</button>
          </span>
        )}
      </div>
      {turn.state === "asking" && <Waiting turn={turn} />}
      {turn.state === "stopped" && <div className="refusal"><p className="t2">Stopped. No rows were shown.</p><div><Button icon="replay" onClick={() => again(turn)}>Ask again</Button></div></div>}
      {turn.state === "failed" && <Failed compact error={turn.error} what="No answer" still="No rows were shown." onAgain={() => again(turn)} />}
      {turn.state === "refused" && turn.refusal && <RefusalView turn={turn} refusal={turn.refusal} />}
      {turn.state === "answered" && turn.reading && <ReadingView turn={turn} reading={turn.reading} light={light} tones={tones} />}
    </article>
  );
}

function Word({ piece, light, said }: { piece: Piece; light: Light; said: (key: string) => string }) {
  const { key } = piece;
  if (piece.unknown) return <u className="u0" title="Not understood">{piece.text}</u>;
  if (key === null) return <>{piece.text}</>;
  return (
    <button
      type="button" className={`anchor u${piece.tone} ${light.lit === key ? "lit" : ""}`} aria-label={`${piece.text}: ${said(key)}`} title={said(key)}
      onPointerEnter={() => light.over(key)} onPointerLeave={() => light.over(null)} onFocus={() => light.over(key)} onBlur={() => light.over(null)} onClick={() => light.press(key)}
    >{piece.text}</button>
  );
}

/** What the server does now, for how long, and the way out. */
function Waiting({ turn }: { turn: Turn }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = Date.now();
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - began) / 1000)), 500);
    return () => clearInterval(timer);
  }, []);
  const does = turn.chosen ? `Checking it with ${turn.source.name}` : `Reading the question, checking readings with ${turn.source.name}`;
  return (
    <div className="job waiting">
      <div className="between"><span className="t2 small">{does}{seconds >= 2 ? `, ${seconds}\u00a0s` : ""}</span><Button kind="quiet" icon="stop" onClick={() => stop(turn)}>Stop</Button></div>
      <svg className="progress" viewBox="0 0 320 4" preserveAspectRatio="none" role="progressbar" aria-label={does}><rect className="bar-accent unknown-share" width={80} height={4} /></svg>
    </div>
  );
}
