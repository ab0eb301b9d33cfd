// Sampled parameters on a log axis, before over after; the least improved is named.
import type { Sample } from "@assay/client";
import { AsTable } from "./AsTable";
import { cost, count, gain } from "./figures";
import { decades } from "./scale";
import { useWidth } from "./use-width";

const LEFT = 92;
const RIGHT = 40;

/** The sample that gains least, and how many get cheaper. */
export function judge(samples: readonly Sample[]): { worst: Sample | null; cheaper: number; compared: number } {
  const compared = samples.filter((one) => one.after !== null && one.before > 0);
  const ratio = (one: Sample) => (one.after ?? 0) / one.before;
  const worst = compared.reduce<Sample | null>((found, one) => (found === null || ratio(one) > ratio(found) ? one : found), null);
  return { worst, cheaper: compared.filter((one) => (one.after ?? 0) < one.before).length, compared: compared.length };
}

/** Where values come from, as the point of one dot would be told. */
export function valuesWord(sample: Sample): string {
  const values = sample.values.map((value, at) => `$${at + 1} ${value ?? "NULL"}`).join(", ");
  return values ? `${values} (${sample.origin})` : sample.origin;
}

export function Samples({ samples }: { samples: readonly Sample[] }) {
  const [box, width] = useWidth(784);
  const { worst, cheaper, compared } = judge(samples);
  const all = samples.flatMap((one) => (one.after === null ? [one.before] : [one.before, one.after]));
  const { from, to } = decades(all);
  const x = (value: number) => LEFT + ((Math.log10(Math.max(value, 10 ** from)) - from) / (to - from)) * (width - LEFT - RIGHT);
  const powers = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const worstGain = worst && worst.after !== null ? gain((1 - worst.after / worst.before) * 100) : "";
  const says = compared === 0
    ? `Planner cost for ${samples.length} sampled parameters, log scale.`
    : `Planner cost for ${compared} sampled parameters, before and after, log scale. ${cheaper} of ${compared} are cheaper after; the least improved, ${worst ? valuesWord(worst) : ""}, changes by ${worstGain}.`;
  const worstX = worst ? x(worst.after ?? worst.before) : 0;
  return (
    <AsTable
      caption="Planner cost of every sample"
      head={["Values", "Before", "After", "Change"]}
      rows={() => samples.map((one) => [valuesWord(one), cost(one.before), one.after === null ? "not planned" : cost(one.after), one.after === null ? "" : gain((1 - one.after / one.before) * 100)])}
    >
      <div ref={box}>
        <svg className="plot" width={width} height={112} viewBox={`0 0 ${width} 112`} role="img" aria-label={says}>
          {powers.map((power) => (
            <g key={power}>
              <path className="grid-line" d={`M${x(10 ** power).toFixed(1)} 8V88`} />
              <text x={x(10 ** power)} y={104} textAnchor="middle">{power < 0 ? 10 ** power : count(10 ** power)}</text>
            </g>
          ))}
          <text className="strong-label" x={0} y={30}>Before</text>
          {compared > 0 && <text className="strong-label" x={0} y={70}>After</text>}
          <text x={0} y={104}>planner cost</text>
          {samples.map((one, at) => <circle key={`b${at}`} className="dot-before" cx={x(one.before).toFixed(1)} cy={26 + lane(at)} r={3} />)}
          {samples.map((one, at) => one.after !== null && one !== worst && (
            <circle key={`a${at}`} className={one.after > one.before ? "dot-dearer" : "dot-accent"} cx={x(one.after).toFixed(1)} cy={66 + lane(at)} r={3} />
          ))}
          {worst && worst.after !== null && (
            <>
              <circle className="dot-ring" cx={worstX} cy={66} r={4} />
              <text className="label-2" x={worstX} y={50} textAnchor={worstX > width * 0.6 ? "end" : worstX < width * 0.3 ? "start" : "middle"}>
                least improved: {shorten(valuesWord(worst))}, {worstGain}
              </text>
            </>
          )}
        </svg>
      </div>
    </AsTable>
  );
}

/** Spread dots a little up and down, the same way each time. */
function lane(at: number): number {
  return (((at * 7) % 11) - 5) * 1.6;
}

function shorten(text: string): string {
  return text.length > 64 ? text.slice(0, 63) + "…" : text;
}
