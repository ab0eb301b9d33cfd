// Rows of a query: name and type in the header, NULL unlike any text, only the rows near the view drawn.
import { useMemo, useState } from "react";
import { cellText, isNumeric, widths, type Cell, type Grid } from "./grid-text";
import { windowOf } from "./use-windowed";

const ROW = 24;
const SEEN = 288;

export function ResultGrid({ grid, label }: { grid: Grid; label: string }) {
  const [top, setTop] = useState(0);
  const numeric = useMemo(() => grid.columns.map((_, at) => isNumeric(grid, at)), [grid]);
  const wide = useMemo(() => widths(grid), [grid]);
  const shown = windowOf(grid.rows.length, ROW, -top, SEEN);
  const number = 22 + String(grid.rows.length).length * 8;
  return (
    <div className="grid-scroll" tabIndex={0} role="group" aria-label={label} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <table className="result-grid" aria-label={label} aria-rowcount={grid.rows.length + 1} width={number + wide.reduce((sum, one) => sum + one, 0)}>
        <colgroup><col width={number} />{wide.map((width, at) => <col key={at} width={at < wide.length - 1 ? width : undefined} />)}</colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className="num"><span className="sr">row</span></th>
            {grid.columns.map((name, at) => <th key={at} scope="col" className={numeric[at] ? "num" : ""} title={`${name} ${grid.types[at] ?? ""}`}>{name} <span className="unit">{grid.types[at]}</span></th>)}
          </tr>
        </thead>
        <tbody>
          <Gap height={shown.above} span={wide.length + 1} />
          {grid.rows.slice(shown.from, shown.to).map((row, at) => (
            <tr key={shown.from + at} aria-rowindex={shown.from + at + 2}>
              <td className="num t3">{shown.from + at + 1}</td>
              {row.map((value, column) => <GridCell key={column} value={value} numeric={numeric[column] ?? false} />)}
            </tr>
          ))}
          <Gap height={shown.below} span={wide.length + 1} />
        </tbody>
      </table>
    </div>
  );
}

function GridCell({ value, numeric }: { value: Cell; numeric: boolean }) {
  if (value === null) return <td className={numeric ? "num" : ""}><i className="null">NULL</i></td>;
  const text = cellText(value);
  if (text === "") return <td><i className="null">empty text</i></td>;
  return <td className={numeric ? "num" : ""} title={text.length > 36 ? text : undefined}>{text}</td>;
}

/** Room for the rows that are not drawn. */
function Gap({ height, span }: { height: number; span: number }) {
  return height > 0 ? <tr className="gap" aria-hidden="true"><td colSpan={span}><svg width={1} height={height} /></td></tr> : null;
}
