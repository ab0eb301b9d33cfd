// The touchstone: the mark of the product.
export function Brand({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path className="brand-stone" d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" />
      <path className="brand-streak" d="M4.8 11.2 11.2 4.8" />
    </svg>
  );
}
