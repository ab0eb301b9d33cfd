// Which command is meant by a few letters: acts of this page first, then how well the letters fit.
export type ActKind = "row" | "page" | "room" | "object" | "setting" | "ask";

export interface Act {
  id: string;
  title: string;
  kind: ActKind;
  /** Where it belongs, at the right: "Workload". */
  place: string;
  icon: string;
  /** Other words it answers to. */
  words?: string;
  /** The key that does the same. */
  key?: string;
  run: () => void;
}

export interface Ranked {
  act: Act;
  score: number;
  /** Places of the letters in the title. */
  hits: number[];
}

const FIRST: Record<ActKind, number> = { row: 60, page: 50, room: 30, setting: 12, object: 10, ask: -40 };

/** Letters of `query` in `text`, in order; starts of words and runs count more. Null when they do not fit. */
export function fit(query: string, text: string): { score: number; hits: number[] } | null {
  const wanted = query.toLowerCase();
  const given = text.toLowerCase();
  const whole = given.indexOf(wanted);
  if (whole >= 0) {
    const starts = whole === 0 || /[^a-z0-9]/.test(given[whole - 1] ?? " ");
    return { score: 100 + (starts ? 40 : 0) - Math.min(20, whole), hits: Array.from(wanted, (_, at) => whole + at) };
  }
  const hits: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of wanted.replaceAll(" ", "")) {
    const at = given.indexOf(letter, from);
    if (at < 0) return null;
    const starts = at === 0 || /[^a-z0-9]/.test(given[at - 1] ?? " ");
    score += starts ? 8 : at === from && hits.length > 0 ? 5 : 1;
    score -= Math.min(3, (at - from) * 0.1);
    hits.push(at);
    from = at + 1;
  }
  return { score, hits };
}

/** The commands that fit, best first, at most `most`. */
export function rank(acts: readonly Act[], query: string, most = 12): Ranked[] {
  const asked = query.trim();
  const found: Ranked[] = [];
  acts.forEach((act, order) => {
    if (asked === "") {
      if (act.kind !== "object" && act.kind !== "ask") found.push({ act, score: FIRST[act.kind] - order * 0.01, hits: [] });
      return;
    }
    if (act.kind === "ask") { found.push({ act, score: FIRST.ask, hits: [] }); return; }
    const inTitle = fit(asked, act.title);
    const inWords = act.words ? fit(asked, act.words) : null;
    const best = inTitle && (!inWords || inTitle.score + 10 >= inWords.score) ? inTitle : inWords ? { score: inWords.score - 10, hits: [] } : null;
    if (best && (best.score >= 100 || best.score >= asked.length * 2.2)) found.push({ act, score: best.score + FIRST[act.kind] - order * 0.01, hits: best.hits });
  });
  return found.sort((a, b) => b.score - a.score).slice(0, most);
}
