// One line over time in little room: zero based, three times under it, gaps left open.
import { clock } from "./figures";
import { pieces } from "./Plot";
import { useWidth } from "./use-width";

export function LinePlot({ at, values, says, height = 64 }: { at: readonly number[]; values: readonly number[]; says: string; height?: number }) {
  const [box, width] = useWidth(232);
  const from = at[0] ?? 0;
  const to = at[at.length - 1] ?? 1;
  const top = Math.max(...values, 0) || 1;
  const floor = height - 14;
  const x = (time: number) => 4 + ((time - from) / Math.max(1, to - from)) * (width - 8);
  const y = (value: number) => floor - (value / top) * (floor - 6);
  const path = pieces(at).map(([first, last]) => {
    let one = "";
    for (let index = first; index <= last; index++) one += `${index === first ? "M" : "L"}${x(at[index] ?? 0).toFixed(1)} ${y(values[index] ?? 0).toFixed(1)}`;
    return one;
  }).join("");
  return (
    <div ref={box}>
      <svg className="plot" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={says}>
        <path className="axis" d={`M4 ${floor}H${width - 4}`} />
        <path className="line" d={path} />
        <text x={4} y={height - 2}>{clock(from)}</text>
        <text x={width - 4} y={height - 2} textAnchor="end">{clock(to)}{"\u00a0"}UTC</text>
      </svg>
    </div>
  );
}
