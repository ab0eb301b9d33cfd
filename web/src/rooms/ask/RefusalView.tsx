// No answer that is sure enough: what was not understood, and readings to choose from by click or by number.
import { Octagon } from "../../kit/Hallmark";
import { SqlInline } from "../../kit/Sql";
import { frequency } from "./announced";
import { choose, type Refusal, type Turn } from "./talk";

export function RefusalView({ turn, refusal }: { turn: Turn; refusal: Refusal }) {
  const { readings, unknown } = refusal;
  const keys = (event: React.KeyboardEvent) => {
    const reading = /^[1-4]$/.test(event.key) ? readings[Number(event.key) - 1] : undefined;
    if (reading && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); choose(turn, reading); }
  };
  return (
    // The numbers are a short way to the buttons inside.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="refusal" onKeyDown={keys}>
      <p className="row"><span className="text-warning"><Octagon verdict="withheld" /></span><b className="strong">{unknown.length > 0 ? `No answer: ${unknown.map((one) => `“${one}”`).join(", ")} ${unknown.length === 1 ? "was" : "were"} not found in ${turn.source.name}.` : "No answer that is sure enough."}</b></p>
      {refusal.confidence > 0 && <p className="t2">The best reading is right in {frequency(refusal.confidence)}; under {frequency(refusal.threshold)} nothing is answered.</p>}
      {readings.length > 0 ? (
        <>
          <p className="t2">Did you mean</p>
          <ol className="suggestions" aria-label="Did you mean">
            {readings.map((reading, at) => (
              <li key={reading.sql}>
                <button type="button" onClick={() => choose(turn, reading)} title={reading.sql}>
                  <span className="what"><span>{reading.says}</span><span className="mono small t3 clip"><SqlInline text={reading.sql} /></span></span>
                  <span className="small t3 num">{frequency(reading.confidence)}</span><kbd>{at + 1}</kbd>
                </button>
              </li>
            ))}
          </ol>
        </>
      ) : <p className="t2">Name the tables or columns that you mean, in the words of the schema.</p>}
      <p className="small t3">No rows were shown.</p>
    </div>
  );
}
