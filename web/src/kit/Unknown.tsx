// What nobody can say yet, under its own heading and never folded away.
import type { ReactNode } from "react";

/** A list, so that each thing is read. */
export function Unknown({ missing, about, under = "h2" }: { missing: readonly string[]; about?: ReactNode; /** The heading it stands below. */ under?: "h2" | "h3" }) {
  if (missing.length === 0) return null;
  const Heading = under === "h2" ? "h3" : "h4";
  return (
    <div className="unknown-things">
      <Heading>What is not known{about && <span className="t3 font-normal"> of {about}</span>}</Heading>
      <ul className="facts-texts">{missing.map((one) => <li key={one}>{one}</li>)}</ul>
    </div>
  );
}
