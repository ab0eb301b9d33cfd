// A small trend beside its number: zero based, the last point dotted, gaps left open.
export interface SparkPoint {
  /** Milliseconds since the epoch, end of the interval. */
  at: number;
  /** Length of the interval in ms. */
  span: number;
  value: number;
}

const WIDTH = 88;
const HEIGHT = 24;

/** Path of the line; starts anew where an interval is missing. */
export function sparkPath(points: readonly SparkPoint[]): { path: string; last: { x: number; y: number } | null } {
  const first = points[0];
  const end = points[points.length - 1];
  if (!first || !end) return { path: "", last: null };
  const from = first.at;
  const width = Math.max(1, end.at - from);
  const top = Math.max(...points.map((point) => point.value)) || 1;
  const place = (point: SparkPoint) => ({
    x: 2 + ((point.at - from) / width) * (WIDTH - 6),
    y: HEIGHT - 3 - (point.value / top) * (HEIGHT - 7),
  });
  let path = "";
  points.forEach((point, at) => {
    const { x, y } = place(point);
    const before = points[at - 1];
    const joined = before !== undefined && point.at - point.span - before.at < point.span * 1.5;
    path += `${joined ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return { path, last: place(end) };
}

export function Sparkline({ points, says }: { points: readonly SparkPoint[]; says: string }) {
  const { path, last } = sparkPath(points);
  if (!last || points.length < 2) return <span className="t3" title="Not known yet: two intervals are needed">–<span className="sr"> not known yet</span></span>;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={says}>
      <path className="spark-line" d={path} />
      <circle className="spark-now" cx={last.x} cy={last.y} r={1.75} />
    </svg>
  );
}
