// One entry of the ledger on a page of its own, for a link that was sent.
import { useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Chip } from "../../kit/Chip";
import { CopyButton } from "../../kit/CopyButton";
import { Failed } from "../../kit/Failed";
import { PageHead } from "../../kit/PageHead";
import { Proof } from "../../kit/Proof";
import { useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import { ReplayResult, type Replayed } from "../../shell/ReplayResult";
import type { PageProps } from "../../shell/room";
import { here, navigate } from "../../shell/router";
import { Shown } from "../../shell/Shown";

export default function EvidencePage({ params }: PageProps) {
  const id = params.id ?? "";
  const answer = useAnswer(`evidence:${id}`, (signal) => assay.get("/api/v1/evidence/{id}", { path: { id }, signal }), { fresh: 60_000 });
  const [replay, setReplay] = useState<Replayed | null>(null);
  useTitle(`Evidence ${id}`, id);
  const open = (next: string) => { setReplay(null); navigate(here(`/evidence/${next}`)); };
  const run = async () => {
    setReplay({ busy: true, result: null, error: null });
    try { setReplay({ busy: false, result: await assay.post("/api/v1/evidence/{id}/replay", { path: { id } }), error: null }); } catch (error) { setReplay({ busy: false, result: null, error }); }
  };
  const value = answer.value;
  if (value === undefined && answer.error !== null) {
    return <><PageHead title={`Evidence ${id}`} /><section className="card"><Failed error={answer.error} what={`Can't show ${id}`} still={<Link className="link" to="/evidence">All evidence</Link>} onAgain={answer.again} /></section></>;
  }
  return (
    <>
      <PageHead
        title={`Evidence ${id}`}
        facts={value && <><Chip tone={value.passed ? "accent" : "warning"}>{value.passed ? "Passed" : "Failed"}</Chip><span>{value.kind}</span><Link className="link mono small" to={`/evidence?subject=${encodeURIComponent(value.subject)}`}>{value.subject}</Link><span>ran <Age at={value.at} /></span></>}
        acts={<><CopyButton kind="line" text={() => window.location.origin + here(`/evidence/${id}`)}>Copy link</CopyButton><Button kind="primary" icon="replay" busy={replay?.busy ?? false} disabled={!value?.replayable || (replay?.busy ?? false)} onClick={() => void run()}>Replay</Button></>}
      />
      <Shown answer={answer} what={id} rows={6}>
        {(evidence) => <section className="card evidence-page" aria-label={`Evidence ${id}`}><h2 className="sr">What was checked</h2><Proof evidence={evidence} onOpen={open} extra={<ReplayResult replay={replay} onOpen={open} />} /></section>}
      </Shown>
    </>
  );
}
