// Not yet: rows of the real heights after 150 ms, words after 2 s.
import { useEffect, useState } from "react";

/** Seconds that something has been waited for, once a threshold is passed. */
function useElapsed(): number {
  const [ms, setMs] = useState(0);
  useEffect(() => {
    const start = Date.now();
    const timer = setInterval(() => setMs(Date.now() - start), 250);
    const soon = setTimeout(() => setMs(Date.now() - start), 150);
    return () => { clearInterval(timer); clearTimeout(soon); };
  }, []);
  return ms;
}

const WIDTHS = [150, 176, 128, 164, 142, 170, 120, 156];

export function Loading({ rows = 6, rowHeight = 44, what }: { rows?: number; rowHeight?: number; what: string }) {
  const ms = useElapsed();
  const [box, setBox] = useState(720);
  const height = rows * rowHeight;
  return (
    <div aria-busy="true" ref={(node) => { const width = node?.clientWidth ?? 0; if (width > 0 && Math.abs(width - box) > 1) setBox(width); }}>
      <svg className="plot" width={box} height={height} viewBox={`0 0 ${box} ${height}`} role="img" aria-label={`Loading ${what}`}>
        {ms >= 140 && (
          <g className="breathe">
            {Array.from({ length: rows }, (_, at) => {
              const y = at * rowHeight + rowHeight / 2 - 4;
              const width = (WIDTHS[at % WIDTHS.length] ?? 150) * Math.min(1.6, box / 480);
              return (
                <g key={at}>
                  <rect className="sk" x={16} y={y} width={width} height={8} rx={4} />
                  <rect className="sk" x={box - 152} y={y} width={44} height={8} rx={4} />
                  <rect className="sk" x={box - 76} y={y} width={60} height={8} rx={4} />
                </g>
              );
            })}
          </g>
        )}
      </svg>
      {ms >= 2_000 && <p className="small t3 px-4 pb-3" role="status">Waiting for {what}, {Math.floor(ms / 1000)}{"\u00a0"}s.</p>}
    </div>
  );
}
