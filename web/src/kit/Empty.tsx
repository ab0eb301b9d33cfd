// Nothing here yet: what the place is for, one act, and the command line that does the same.
import type { ReactNode } from "react";
import { Brand } from "./Brand";
import { Sql } from "./Sql";

export function Empty({ title, children, command, acts, brand = false }: { title: string; children: ReactNode; command?: string; acts?: ReactNode; brand?: boolean }) {
  return (
    <div className="empty">
      {brand && <Brand size={40} />}
      <h2>{title}</h2>
      <p>{children}</p>
      {command && <Sql sql={command} framed label="The same on the command line" />}
      {acts && <div className="row wrap">{acts}</div>}
    </div>
  );
}
