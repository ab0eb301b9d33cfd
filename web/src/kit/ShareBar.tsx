// A bar on a common left base, so that rows can be compared by eye.
export function ShareBar({ share, width = 112, tone = "grey" }: { share: number; width?: number; tone?: "grey" | "accent" | "critical" }) {
  const drawn = Math.max(share > 0 ? 1.5 : 0, Math.min(1, share) * width);
  return (
    <svg width={width} height={4} aria-hidden="true">
      <rect className="bar-back" width={width} height={4} rx={2} />
      <rect className={`bar-${tone}`} width={drawn.toFixed(1)} height={4} rx={2} />
    </svg>
  );
}
