// How the kit opens evidence without knowing the shell: the shell hands the way in.
import type { Verdict } from "@assay/client";
import { createContext, useContext } from "react";

export type ShowEvidence = (id: string, verdict?: Verdict) => void;

export const EvidenceDoor = createContext<ShowEvidence>(() => undefined);

export function useShowEvidence(): ShowEvidence {
  return useContext(EvidenceDoor);
}
