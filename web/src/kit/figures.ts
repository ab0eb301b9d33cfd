// How numbers, durations, sizes and ages are written, everywhere the same.

/** The no-break space between a figure and its unit. */
export const NBSP = "\u00a0";
const MINUS = "\u2212";

function grouped(value: number, decimals: number): string {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return value < 0 && Number(text.replaceAll(",", "")) !== 0 ? MINUS + text : text;
}

/** A whole number with its groups: 1,000,000. */
export function count(value: number): string {
  return grouped(Math.round(value), 0);
}

/** A measured number with about three digits that mean something: 2,318 · 48.6 · 6.84. */
export function measured(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return grouped(value, 0);
  if (size >= 10) return grouped(value, 1);
  if (size >= 0.01 || size === 0) return grouped(value, 2);
  return (value < 0 ? MINUS : "") + Number(size.toPrecision(2)).toString();
}

/** Planner cost, one decimal as the planner writes it; not a time. */
export function cost(value: number): string {
  return grouped(value, Math.abs(value) >= 1_000_000 ? 0 : 1);
}

/** A share from 0 to 1 as a percentage: "36.2 %". */
export function share(value: number): string {
  if (value > 0 && value < 0.0005) return `<0.1${NBSP}%`;
  if (value < 1 && value >= 0.9995) return `>99.9${NBSP}%`;
  return `${percentNumber(value * 100)}${NBSP}%`;
}

/** A percentage without its sign of per cent, one decimal. */
export function percentNumber(value: number): string {
  return grouped(value, 1);
}

/** A gain as a change of what it costs: 99.6 % better is "−99.6 %", worse is "+4.0 %". */
export function gain(improvementPct: number): string {
  return signed(-improvementPct);
}

/** A percentage with its sign: "+2.1 %", "−34.7 %", "0.0 %". */
export function signed(percent: number): string {
  const text = grouped(percent, 1);
  return `${percent > 0 && text !== "0.0" ? "+" : ""}${text}${NBSP}%`;
}

/** One figure and the unit that stands after it. */
export interface Part {
  figure: string;
  unit: string;
}

const pad = (value: number) => String(value).padStart(2, "0");

/** A duration in parts, for setting the unit smaller than the figure. */
export function durationParts(ms: number): Part[] {
  const size = Math.abs(ms);
  if (size === 0) return [{ figure: "0", unit: "ms" }];
  if (size < 0.01) return [{ figure: measured(ms * 1000), unit: "µs" }];
  if (size < 999.95) return [{ figure: measured(ms), unit: "ms" }];
  if (size < 59_950) return [{ figure: grouped(ms / 1000, 1), unit: "s" }];
  const seconds = Math.round(size / 1000);
  const sign = ms < 0 ? MINUS : "";
  if (seconds < 3600) return [{ figure: sign + Math.floor(seconds / 60), unit: "m" }, { figure: pad(seconds % 60), unit: "s" }];
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return [{ figure: sign + Math.floor(minutes / 60), unit: "h" }, { figure: pad(minutes % 60), unit: "m" }];
  const hours = Math.round(minutes / 60);
  return [{ figure: sign + count(Math.floor(hours / 24)), unit: "d" }, { figure: String(hours % 24), unit: "h" }];
}

/** A duration: "0.31 ms", "48.6 ms", "58.0 s", "14 m 55 s", "3 h 05 m". */
export function duration(ms: number): string {
  return durationParts(ms).map((part) => part.figure + NBSP + part.unit).join(NBSP);
}

/** A duration that is not measured closely: "0.4 ms", "71 ms", "9 s", "3.1 s", "2 m 08 s". */
export function brief(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 59_500) return duration(ms);
  const [value, unit] = size >= 999.5 ? [ms / 1000, "s"] : [ms, "ms"];
  return `${grouped(value, Math.abs(value) < 9.95 ? 1 : 0).replace(/\.0$/, "")}${NBSP}${unit}`;
}

/** A size in parts, in powers of ten. */
export function bytesParts(bytes: number): Part {
  const size = Math.abs(bytes);
  if (size < 1_000) return { figure: count(bytes), unit: "B" };
  if (size < 999_500) return { figure: short(bytes / 1e3), unit: "kB" };
  if (size < 999_500_000) return { figure: short(bytes / 1e6), unit: "MB" };
  return { figure: short(bytes / 1e9), unit: "GB" };
}

/** A size: "39 MB", "1.24 GB", "812 kB". */
export function bytes(value: number): string {
  const part = bytesParts(value);
  return part.figure + NBSP + part.unit;
}

function short(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2;
  return grouped(value, decimals).replace(/\.0+$/, "");
}

/** "1 query", "6 queries". */
export function plural(value: number, one: string, many = one + "s"): string {
  return `${count(value)}${NBSP}${value === 1 ? one : many}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "14 s ago", "2 min ago", "3 h ago"; after a day the date. */
export function age(at: string | number | Date, now: number = Date.now()): string {
  const seconds = Math.round((now - new Date(at).getTime()) / 1000);
  if (seconds < -5) return dateTime(at, now);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds}${NBSP}s ago`;
  if (seconds < 3_570) return `${Math.round(seconds / 60)}${NBSP}min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)}${NBSP}h ago`;
  return dateTime(at, now);
}

/** "12 Nov, 06:20 UTC"; with the year when it is another one. */
export function dateTime(at: string | number | Date, now: number = Date.now()): string {
  const date = new Date(at);
  const year = date.getUTCFullYear() === new Date(now).getUTCFullYear() ? "" : ` ${date.getUTCFullYear()}`;
  return `${date.getUTCDate()}${NBSP}${MONTHS[date.getUTCMonth()]}${year}, ${clock(date)}${NBSP}UTC`;
}

/** "20 Nov 2026, 10:38:52 UTC": the exact time, for tooltips and evidence. */
export function exact(at: string | number | Date): string {
  const date = new Date(at);
  return `${date.getUTCDate()}${NBSP}${MONTHS[date.getUTCMonth()]}${NBSP}${date.getUTCFullYear()}, ${clock(date)}:${pad(date.getUTCSeconds())}${NBSP}UTC`;
}

/** "09:41", in UTC. */
export function clock(at: string | number | Date): string {
  const date = new Date(at);
  return `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
}

/** "10:38:52", in UTC. */
export function clockSeconds(at: string | number | Date): string {
  return `${clock(at)}:${pad(new Date(at).getUTCSeconds())}`;
}

/** "last 60 min", "last 6 h", "last 7 d", "since statistics began". */
export function range(minutes: number | null): string {
  if (minutes === null) return "since statistics began";
  if (minutes <= 90) return `last ${minutes}${NBSP}min`;
  if (minutes < 2_880) return `last ${measured(minutes / 60).replace(/\.0+$/, "")}${NBSP}h`;
  return `last ${measured(minutes / 1440).replace(/\.0+$/, "")}${NBSP}d`;
}

/** The middle of a hash left out: "5fa2…e917". */
export function shortHash(hash: string): string {
  return hash.length <= 12 ? hash : `${hash.slice(0, 4)}…${hash.slice(-4)}`;
}
