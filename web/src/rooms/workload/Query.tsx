// One statement: what it says, what it cost, how it is planned before and after, what helps and how far that is proved.
import type { QueryDetail, Simulation } from "@assay/client";
import { useEffect, useMemo, useRef } from "react";
import { Age } from "../../kit/Age";
import { Chip } from "../../kit/Chip";
import { copyText } from "../../kit/copy";
import { Failed } from "../../kit/Failed";
import { dateTime, exact } from "../../kit/figures";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { PageHead } from "../../kit/PageHead";
import type { Act } from "../../kit/palette-rank";
import { useShowEvidence } from "../../kit/evidence-door";
import { addsIndex } from "../../kit/words";
import { usePageActs } from "../../shell/acts";
import { useTitle } from "../../shell/crumb";
import { Link } from "../../shell/Link";
import type { PageProps } from "../../shell/room";
import { here, navigate, setQuery, usePlace } from "../../shell/router";
import { Shown } from "../../shell/Shown";
import { useSince } from "../../shell/sources";
import { Findings } from "./Findings";
import { Measured } from "./Measured";
import { PlanCard } from "./PlanCard";
import { useQuery } from "./questions";
import { Recommendations } from "./Recommendations";
import { SamplesCard } from "./SamplesCard";
import { useSimulate } from "./simulate";
import { Statement } from "./Statement";

function Beside({ detail }: { detail: QueryDetail }) {
  const arrow = (id: string | null, key: string, word: string, icon: "arrow-up" | "arrow-down") => (
    id
      ? <Link className="btn only-icon" to={`/workload/queries/${id}`} aria-label={`${word} (${key})`} title={`${word} (${key})`}><Icon name={icon} /></Link>
      : <span className="btn only-icon" role="link" aria-disabled="true" aria-label={`${word}: none`}><Icon name={icon} /></span>
  );
  return <>{arrow(detail.previous, "k", "Query before, more expensive", "arrow-up")}{arrow(detail.next, "j", "Next query, less expensive", "arrow-down")}</>;
}

function Facts({ detail }: { detail: QueryDetail }) {
  return (
    <>
      <button type="button" className="mono small link" title="Copy the id" onClick={() => void copyText(detail.query_id)}>{detail.query_id}</button>
      <span title={exact(detail.first_seen)}>first seen {dateTime(detail.first_seen)}</span>
      {detail.roles.length > 0 && <span>{detail.roles.length === 1 ? "role" : "roles"} {detail.roles.join(", ")}</span>}
      <span>read <Age at={detail.read_at} /></span>
    </>
  );
}

/** A simulation that was just run takes the place of the kept comparison. */
function shown(detail: QueryDetail, fresh: Simulation | null) {
  return { comparison: fresh?.comparison ?? detail.comparison, samples: fresh && fresh.samples.length > 0 ? fresh.samples : detail.samples };
}

function Page({ detail, asked }: { detail: QueryDetail; asked: string | null }) {
  const sim = useSimulate(detail.query_id);
  const showEvidence = useShowEvidence();
  const best = detail.recommendations.find((rec) => rec.verdict === "assayed") ?? detail.recommendations.find((rec) => rec.verdict !== "withheld" && addsIndex(rec.type));
  const fresh = sim.result?.query_id === detail.query_id ? sim.result : null;
  const { comparison, samples } = shown(detail, fresh);
  const ofPlan = detail.recommendations.find((rec) => rec.id === fresh?.rec_id) ?? best;
  const run = sim.run;
  const bestId = best?.id;
  const proof = ofPlan?.evidence[0];
  const verdict = ofPlan?.verdict;
  const started = useRef(false);
  useEffect(() => {
    if (asked === null || started.current) return;
    started.current = true;
    setQuery({ simulate: null }, { replace: true });
    run(asked);
  }, [asked, run]);
  useKeys({
    j: { does: "Next query", run: () => { if (detail.next) navigate(here(`/workload/queries/${detail.next}`)); } },
    k: { does: "Query before", run: () => { if (detail.previous) navigate(here(`/workload/queries/${detail.previous}`)); } },
    e: { does: "Evidence", run: () => { if (proof) showEvidence(proof, verdict); } },
    y: { does: "Copy the statement", run: () => void copyText(detail.sql.text) },
  });
  usePageActs(useMemo((): Act[] => [
    ...(bestId ? [{ id: "simulate", title: `Simulate best fix of ${detail.query_id}`, kind: "page" as const, place: "Workload", icon: "play", run: () => run(bestId) }] : []),
    ...(proof ? [{ id: "proof", title: `Evidence of ${detail.query_id}`, kind: "page" as const, place: "Evidence", icon: "evidence", key: "e", run: () => showEvidence(proof, verdict) }] : []),
    { id: "copy", title: "Copy the statement", kind: "page", place: "Workload", icon: "copy", key: "y", run: () => void copyText(detail.sql.text) },
  ], [bestId, detail.query_id, detail.sql.text, proof, verdict, run, showEvidence]));
  return (
    <>
      <PageHead title={detail.title.charAt(0).toUpperCase() + detail.title.slice(1)} facts={<Facts detail={detail} />} acts={<Beside detail={detail} />} />
      {detail.chips.length > 0 && (
        <div className="chips">{detail.chips.map((chip) => <Chip key={chip.label + chip.value} tone={chip.tone}>{chip.label} <b>{chip.value}</b> {chip.after}</Chip>)}</div>
      )}
      <div className="stack page-gap">
        <div className="query-grid"><Statement detail={detail} samples={samples} /><Measured detail={detail} /></div>
        <PlanCard detail={detail} comparison={comparison} fresh={fresh} best={ofPlan} simulate={sim} />
        {samples.length > 0 && <SamplesCard samples={samples} claim={fresh ?? ofPlan ?? null} />}
        <Findings findings={detail.findings} />
        <Recommendations detail={detail} simulate={sim} />
      </div>
    </>
  );
}

export default function Query({ params }: PageProps) {
  const id = params.id ?? "";
  const since = useSince();
  const asked = usePlace().query.get("simulate");
  const answer = useQuery(id, since);
  const again = answer.again;
  useTitle(answer.value && !answer.old ? answer.value.title : id, id);
  useKeys({ r: { does: "Refresh", run: again } });
  if (answer.value === undefined && answer.error !== null) {
    return <><PageHead title={id} /><section className="card"><Failed error={answer.error} what={`Can't show ${id}`} still={<Link className="link" to="/workload">The list of bottlenecks</Link>} onAgain={again} /></section></>;
  }
  if (answer.value === undefined) return <><PageHead title={id} /><Shown answer={answer} what={`query ${id}`} rows={8}>{() => null}</Shown></>;
  return <Shown answer={answer} what={`query ${id}`}>{(detail) => <Page key={detail.query_id} detail={detail} asked={asked} />}</Shown>;
}
