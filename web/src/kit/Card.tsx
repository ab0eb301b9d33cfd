// A card with its head: title, what stands beside it, what stands at its end.
import type { ReactNode } from "react";

interface Props {
  title: string;
  beside?: ReactNode;
  end?: ReactNode;
  children: ReactNode;
  id?: string;
  busy?: boolean;
}

export function Card({ title, beside, end, children, id, busy }: Props) {
  return (
    <section className="card" aria-label={title} id={id} aria-busy={busy || undefined}>
      <header><h2>{title}</h2>{beside}{end && <span className="end small">{end}</span>}</header>
      {children}
    </section>
  );
}
