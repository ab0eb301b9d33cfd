// Whether the ledger is whole, asked for now and then.
import type { Verification } from "@assay/client";
import { useAnswer } from "./answers";
import { assay } from "./client";
import { useCan } from "./session";

export function useLedger(): { verification: Verification | undefined; total: number | undefined; error: unknown; again: () => void; asking: boolean } {
  const can = useCan("evidence.verify");
  const verified = useAnswer(can ? "ledger:verification" : null, (signal) => assay.get("/api/v1/evidence:verify", { signal }), { every: 300_000, fresh: 120_000 });
  const listed = useAnswer(can ? "ledger:total" : null, async (signal) => (await assay.get("/api/v1/evidence", { query: { limit: 1 }, signal })).total, { every: 300_000, fresh: 60_000 });
  return { verification: verified.value, total: listed.value, error: verified.error, again: verified.again, asking: verified.asking };
}
