// Axes: round ticks, linear and logarithmic places, times at even steps.

/** Round ticks from 0 to at least `top`, about `want` of them. */
export function ticks(top: number, want = 4): number[] {
  if (!(top > 0)) return [0, 1];
  const rough = top / want;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999) ?? 10 * power;
  const found: number[] = [];
  for (let at = 0; at < top + step * 0.999; at += step) found.push(Number(at.toPrecision(10)));
  return found;
}

/** Powers of ten that hold every value. */
export function decades(values: readonly number[]): { from: number; to: number } {
  const known = values.filter((value) => value > 0);
  if (known.length === 0) return { from: 0, to: 1 };
  const from = Math.floor(Math.log10(Math.min(...known)));
  const to = Math.ceil(Math.log10(Math.max(...known)));
  return { from, to: to > from ? to : from + 1 };
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map((minutes) => minutes * 60_000);

/** Even times between two instants, at most `want` of them. */
export function timeTicks(from: number, to: number, want: number): number[] {
  const span = Math.max(1, to - from);
  const step = STEPS_MS.find((one) => span / one <= want) ?? STEPS_MS[STEPS_MS.length - 1]!;
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}
