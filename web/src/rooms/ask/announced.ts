// What the page says aloud of the newest turn: one sentence at a time.
import { plural } from "../../kit/figures";
import type { Turn } from "./talk";

/** How often an answer of this confidence is right: "97 of 100". */
export function frequency(confidence: number): string {
  return `${Math.round(confidence * 100)} of 100`;
}

/** A sentence for people who hear the page. */
export function announced(turn: Turn | undefined): string {
  if (!turn) return "";
  if (turn.run?.state === "running") return "The SQL runs.";
  if (turn.run?.state === "done" && turn.run.result) return `${plural(turn.run.result.rows.rows.length, "row")}.`;
  if (turn.run?.state === "failed") return "The SQL did not run.";
  switch (turn.state) {
    case "asking": return turn.chosen ? "The reading is checked." : "The question is read.";
    case "answered": return turn.chosen ? "Checked. Nothing has run yet." : `Answered, right in ${frequency(turn.reading?.confidence ?? 0)}. Nothing has run yet.`;
    case "refused": return `No answer that is sure enough. ${plural(turn.refusal?.readings.length ?? 0, "other reading")}.`;
    case "failed": return "The question could not be answered.";
    case "stopped": return "Stopped.";
  }
}
