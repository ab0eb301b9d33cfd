// Stacked areas over time, drawn at their measured width; a hairline reads the values, gaps stay open.
import { useId, useMemo, useState, type ReactNode } from "react";
import { AsTable } from "./AsTable";
import { clock, measured } from "./figures";
import { ticks, timeTicks } from "./scale";
import { useWidth } from "./use-width";

export interface PlotSeries {
  key: string;
  name: ReactNode;
  /** The name as text, for the table. */
  word: string;
  values: readonly number[];
  /** 1 to 6; 7 is the rest, grey. */
  colour: number;
}

interface Props {
  title: string;
  at: readonly number[];
  /** From the bottom up. */
  series: readonly PlotSeries[];
  height?: number;
  /** One sentence that says what happened. */
  says: string;
}

const LEFT = 36;
const RIGHT = 8;
const TOP = 8;
const FOOT = 22;

export function Plot({ title, at, series, height = 152, says }: Props) {
  const [box, width] = useWidth(640);
  const [pointed, setPointed] = useState<number | null>(null);
  const id = useId();
  const from = at[0] ?? 0;
  const to = at[at.length - 1] ?? 1;
  const floor = height - FOOT;
  const drawn = useMemo(() => {
    const sums = at.map((_, index) => series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0));
    const marks = ticks(Math.max(0, ...sums), 3);
    const top = marks[marks.length - 1] ?? 1;
    const x = (time: number) => LEFT + ((time - from) / Math.max(1, to - from)) * (width - LEFT - RIGHT);
    const y = (value: number) => floor - (value / top) * (floor - TOP);
    const base = at.map(() => 0);
    const areas = series.map((one) => {
      const lower = base.slice();
      one.values.forEach((value, index) => { base[index] = (base[index] ?? 0) + value; });
      return { key: one.key, colour: one.colour, path: pieces(at).map((piece) => area(piece, at, lower, base, x, y)).join("") };
    });
    return { marks, x, y, areas };
  }, [at, series, width, floor, from, to]);
  const times = timeTicks(from, to, Math.max(2, Math.floor(width / 110)));
  const index = pointed !== null && pointed < at.length ? pointed : null;

  const point = (event: React.PointerEvent<SVGSVGElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    let best = 0;
    at.forEach((time, one) => { if (Math.abs(drawn.x(time) - left) < Math.abs(drawn.x(at[best] ?? 0) - left)) best = one; });
    setPointed(best);
  };

  return (
    <div>
      <div className="between plot-head">
        <h2 className="label" id={id}>{title}{index !== null && <span className="t3 tnum"> at {clock(at[index] ?? 0)}{"\u00a0"}UTC</span>}</h2>
        <div className="legend">
          {series.slice().reverse().map((one) => (
            <span key={one.key}>
              <svg className="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" className={`series-${one.colour}`} /></svg>
              {one.name}
              {index !== null && <span className="value">{measured(one.values[index] ?? 0)}</span>}
            </span>
          ))}
        </div>
      </div>
      <AsTable
        caption={title}
        head={["Time, UTC", ...series.map((one) => one.word).reverse()]}
        rows={() => at.map((time, row) => [clock(time), ...series.map((one) => measured(one.values[row] ?? 0)).reverse()])}
      >
        <div ref={box}>
          <svg className="plot" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={says} onPointerMove={point} onPointerLeave={() => setPointed(null)}>
            {drawn.marks.map((mark, line) => (
              <g key={mark}>
                <path className={line === 0 ? "axis" : "grid-line"} d={`M${LEFT} ${drawn.y(mark).toFixed(1)}H${width - RIGHT}`} />
                <text x={LEFT - 8} y={drawn.y(mark) + 4} textAnchor="end">{tickWord(mark, drawn.marks)}</text>
              </g>
            ))}
            {drawn.areas.map((one) => <path key={one.key} className={`area series-${one.colour}`} d={one.path} />)}
            {times.map((time) => (
              <text key={time} x={Math.min(width - RIGHT, Math.max(LEFT, drawn.x(time)))} y={height - 4} textAnchor={anchor(drawn.x(time), width)}>{clock(time)}</text>
            ))}
            {index !== null && <path className="cursor" d={`M${drawn.x(at[index] ?? 0).toFixed(1)} ${TOP}V${floor}`} />}
          </svg>
        </div>
      </AsTable>
    </div>
  );
}

function anchor(x: number, width: number): "start" | "middle" | "end" {
  return x < LEFT + 16 ? "start" : x > width - RIGHT - 16 ? "end" : "middle";
}

function tickWord(value: number, marks: readonly number[]): string {
  const step = (marks[1] ?? 1) - (marks[0] ?? 0);
  const decimals = step >= 1 ? 0 : Math.min(4, Math.ceil(-Math.log10(step) - 1e-9) + (Math.abs(step * 4 - 1) < 1e-9 || /25$/.test(step.toPrecision(2)) ? 1 : 0));
  return value.toFixed(Math.max(0, decimals));
}

/** Runs of times without a hole: a hole is more than two and a half usual intervals. */
export function pieces(at: readonly number[]): [from: number, to: number][] {
  if (at.length === 0) return [];
  const widths = at.slice(1).map((time, index) => time - (at[index] ?? 0)).sort((a, b) => a - b);
  const usual = widths[Math.floor(widths.length / 2)] ?? 0;
  const found: [number, number][] = [];
  let start = 0;
  for (let index = 1; index < at.length; index++) {
    if ((at[index] ?? 0) - (at[index - 1] ?? 0) > usual * 2.5) { found.push([start, index - 1]); start = index; }
  }
  found.push([start, at.length - 1]);
  return found;
}

function area([from, to]: [number, number], at: readonly number[], lower: number[], upper: number[], x: (time: number) => number, y: (value: number) => number): string {
  let path = "";
  for (let index = from; index <= to; index++) path += `${index === from ? "M" : "L"}${x(at[index] ?? 0).toFixed(1)} ${y(upper[index] ?? 0).toFixed(1)}`;
  for (let index = to; index >= from; index--) path += `L${x(at[index] ?? 0).toFixed(1)} ${y(lower[index] ?? 0).toFixed(1)}`;
  return path + "z";
}
