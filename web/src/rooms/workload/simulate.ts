// Planning one fix for one statement now, and what came of it.
import type { Simulation } from "@assay/client";
import { useCallback, useState } from "react";
import { gain } from "../../kit/figures";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { toast } from "../../shell/toasts";

export interface Simulate {
  /** Id of the recommendation that is being planned. */
  busy: string | null;
  result: Simulation | null;
  error: unknown;
  run: (rec: string) => void;
}

export function useSimulate(query: string): Simulate {
  const [state, setState] = useState<Omit<Simulate, "run">>({ busy: null, result: null, error: null });
  const run = useCallback((rec: string) => {
    setState((before) => ({ ...before, busy: rec, error: null }));
    assay.post("/api/v1/simulate", { body: { query_id: query, rec_id: rec, mode: "hypopg" } })
      .then((result) => {
        setState({ busy: null, result, error: null });
        renew("ledger:");
        toast({ state: result.verdict === "assayed" ? "ok" : "warning", title: `Planned: ${gain(result.improvement_pct)} planner cost`, text: result.clean ? "hypopg is clean again." : "A hypothetical index was left.", claim: result });
      })
      .catch((error: unknown) => setState((before) => ({ ...before, busy: null, error })));
  }, [query]);
  return { ...state, run };
}
