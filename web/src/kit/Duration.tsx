// A figure with its unit set quieter beside it.
import { Fragment } from "react";
import { durationParts, type Part } from "./figures";

export function Figures({ parts }: { parts: Part[] }) {
  return (
    <>
      {parts.map((part, at) => (
        <Fragment key={part.unit}>
          {at > 0 && " "}
          {part.figure}{"\u00a0"}<span className="unit">{part.unit}</span>
        </Fragment>
      ))}
    </>
  );
}

export function Duration({ ms }: { ms: number }) {
  return <Figures parts={durationParts(ms)} />;
}
