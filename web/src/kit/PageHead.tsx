// The head of a page: its title, the facts under it, the acts at the right.
import { Children, type ReactNode } from "react";

export function PageHead({ title, facts, acts }: { title: string; facts?: ReactNode; acts?: ReactNode }) {
  return (
    <div className="head">
      <div>
        <h1>{title}</h1>
        {facts && <div className="facts">{Children.map(facts, (fact) => fact)}</div>}
      </div>
      {acts && <div className="acts">{acts}</div>}
    </div>
  );
}
