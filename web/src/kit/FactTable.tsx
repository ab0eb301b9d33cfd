// Facts that come in rows, as a small table: a range where a cell holds many numbers.
import { count, measured } from "./figures";

type Row = Record<string, unknown>;

/** Whether a fact is a list of things that have the same parts. */
export function isRows(value: unknown): value is Row[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
}

const number = (value: number) => (Number.isInteger(value) ? count(value) : measured(value));

/** One cell in words; numbers in a list become "1.03 to 80.4". */
export function cellWord(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return number(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const numbers = value.filter((one) => typeof one === "number");
    if (numbers.length > 0 && numbers.length === value.length) {
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      return low === high ? number(low) : `${number(low)} to ${number(high)}`;
    }
    return value.map(cellWord).join(", ");
  }
  return JSON.stringify(value);
}

const isNumeric = (value: unknown): boolean => typeof value === "number" || (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "number"));

export function FactTable({ name, rows }: { name: string; rows: readonly Row[] }) {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <div className="scroll-x facts-table" role="group" aria-label={name} tabIndex={0}>
      <table>
        <thead><tr>{heads.map((head) => <th key={head} scope="col" className={rows.some((row) => isNumeric(row[head])) ? "num" : undefined}>{head.replaceAll("_", " ")}</th>)}</tr></thead>
        <tbody>{rows.map((row, at) => <tr key={at}>{heads.map((head) => <td key={head} className={isNumeric(row[head]) ? "num" : undefined}>{cellWord(row[head])}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}
