// A plugin's log read to its end, page by page; later only what follows is read, unless the old lines have moved.
import type { LogLine, LogLinePage } from "@assay/client";

export interface Log {
  lines: readonly LogLine[];
  /** The cursor of the last page, and how many lines stand before it. */
  last: string | null;
  before: number;
}

type Ask = (cursor: string | null) => Promise<LogLinePage>;

/** Read on from what is known; the same object comes back when there is nothing new. */
export async function readOn(ask: Ask, known: Log | null): Promise<Log> {
  if (known !== null) {
    const page = await ask(known.last);
    const tail = known.lines.slice(known.before);
    if (tail.every((line, at) => page.items[at]?.at === line.at && page.items[at]?.text === line.text)) {
      if (page.items.length === tail.length && !page.next_cursor) return known;
      return toTheEnd(ask, known.lines.slice(0, known.before), known.last, page);
    }
  }
  return toTheEnd(ask, [], null, await ask(null));
}

async function toTheEnd(ask: Ask, start: readonly LogLine[], cursor: string | null, first: LogLinePage): Promise<Log> {
  const lines = [...start];
  let [before, last, page] = [lines.length, cursor, first];
  for (;;) {
    lines.push(...page.items);
    if (!page.next_cursor) return { lines, last, before };
    [before, last] = [lines.length, page.next_cursor];
    page = await ask(last);
  }
}
