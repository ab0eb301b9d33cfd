// The table: sticky header, sort in the header, rows that are links, keys for rows, virtual past 200 rows.
import { useRef, type ReactNode } from "react";
import { Icon } from "./Icon";
import { useRowKeys } from "./use-row-keys";
import { useWindowed } from "./use-windowed";

export interface Column<Row> {
  key: string;
  head: ReactNode;
  cell: (row: Row, at: number) => ReactNode;
  /** A col-… class that sets its width. */
  width?: string;
  /** A hide-… class for when there is no room. */
  hide?: string;
  num?: boolean;
  /** What to sort by when the header is pressed. */
  sort?: string;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  sorted?: { by: string; down: boolean };
  onSort?: (by: string) => void;
  /** Height of a row, for the virtual list. */
  compact?: boolean;
  /** Inside a card with its own scroller: the header stays in place, no cards. */
  inner?: boolean;
  selected?: string | null;
  onSelect?: (row: Row | null) => void;
  quiet?: (row: Row) => boolean;
  busy?: boolean;
}

const VIRTUAL_FROM = 200;

export function Table<Row>({ label, columns, rows, rowKey, sorted, onSort, compact = false, inner = false, selected = null, onSelect, quiet, busy = false }: Props<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const shown = useWindowed(body, rows.length, compact ? 32 : 44, rows.length > VIRTUAL_FROM && !inner);
  useRowKeys(body, onSelect ? { rows, rowKey, selected, onSelect } : null);
  const table = (
    <table className={`data-table ${compact ? "compact" : ""} ${inner ? "inner" : ""} ${onSelect ? "links" : ""}`} aria-label={label} aria-busy={busy || undefined} aria-rowcount={rows.length > VIRTUAL_FROM ? rows.length + 1 : undefined}>
      <colgroup>{columns.map((column) => <col key={column.key} className={`${column.width ?? ""} ${column.hide ?? ""}`} />)}</colgroup>
      <thead>
        <tr>
          {columns.map((column) => {
            const by = column.sort !== undefined && sorted?.by === column.sort ? (sorted.down ? "descending" : "ascending") : undefined;
            return (
              <th key={column.key} scope="col" className={`${column.num ? "num" : ""} ${column.hide ?? ""}`} aria-sort={by}>
                {column.sort !== undefined && onSort ? (
                  <button type="button" onClick={() => onSort(column.sort ?? "")}>
                    {column.head}{by && <Icon name={by === "descending" ? "arrow-down" : "arrow-up"} small />}
                  </button>
                ) : column.head}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody ref={body}>
        {shown.above > 0 && <Spacer height={shown.above} span={columns.length} />}
        {rows.slice(shown.from, shown.to).map((row, at) => {
          const key = rowKey(row);
          return (
            <tr key={key} data-row={key} data-selected={key === selected ? "" : undefined} className={quiet?.(row) ? "quiet" : undefined} aria-rowindex={rows.length > VIRTUAL_FROM ? shown.from + at + 2 : undefined}>
              {columns.map((column) => (
                <td key={column.key} className={`${column.num ? "num" : ""} ${column.hide ?? ""}`}>{column.cell(row, shown.from + at)}</td>
              ))}
            </tr>
          );
        })}
        {shown.below > 0 && <Spacer height={shown.below} span={columns.length} />}
      </tbody>
    </table>
  );
  return inner ? <div className="scroll-x" role="group" aria-label={label} tabIndex={0}>{table}</div> : table;
}

/** Room for the rows that are not drawn; an SVG, since its height is an attribute. */
function Spacer({ height, span }: { height: number; span: number }) {
  return <tr className="spacer" aria-hidden="true"><td colSpan={span}><svg width={1} height={height} /></td></tr>;
}
