// A piece of evidence, read from the claim down: verdict, checks that ran, how to repeat them, where, when, place in the chain.
import type { Evidence } from "@assay/client";
import type { ReactNode } from "react";
import { Age } from "./Age";
import { CopyButton } from "./CopyButton";
import { FactParts, Line } from "./FactView";
import { partsOf, samplesOf, type Facts, type Part } from "./facts";
import { brief, clockSeconds, cost, count, exact, shortHash } from "./figures";
import { Icon } from "./Icon";
import { Mark } from "./Mark";
import { Sql } from "./Sql";

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Before and after, when the facts hold such a pair. */
function pair(facts: Facts): { before: number; after: number } | null {
  const before = facts.before_cost ?? facts.before;
  const after = facts.after_cost ?? facts.after;
  return isNumber(before) && isNumber(after) ? { before, after } : null;
}

const IN_PAIR = new Set(["before", "after", "before_cost", "after_cost"]);

/** Facts that tell where it ran, not what was found. */
const WHERE = new Set(["server", "server_version", "hypopg", "account", "role", "program", "extensions"]);

/** What was found, and where: the pair that stands above is left out, costs of several sets of values share a table. */
function sorted(facts: Facts, compared: boolean): { found: Part[]; where: Part[] } {
  const samples = compared ? null : samplesOf(facts);
  const parts = partsOf(Object.fromEntries(Object.entries(facts).filter(([name]) => !(compared && IN_PAIR.has(name)) && !samples?.used.has(name))));
  const found = parts.filter((part) => !WHERE.has(part.name));
  return { found: samples ? [...found, { name: "planner_cost", shape: samples.shape }] : found, where: parts.filter((part) => WHERE.has(part.name)) };
}

export function Proof({ evidence, onOpen, extra }: { evidence: Evidence; onOpen: (id: string) => void; extra?: ReactNode }) {
  const facts: Facts = evidence.facts ?? {};
  const compared = pair(facts);
  const { found, where } = sorted(facts, compared !== null);
  return (
    <div className="proof">
      <section>
        <h3>Claim</h3>
        <p className="claim">{evidence.claim}</p>
        {compared && (
          <div className="verdict-pair">
            <div><span>before</span><b>{cost(compared.before)}</b></div>
            <span className="t3"><Icon name="arrow-right" /></span>
            <div><span>after, planner cost</span><b className={compared.after <= compared.before ? "text-accent" : "text-critical"}>{cost(compared.after)}</b></div>
          </div>
        )}
      </section>
      {extra}
      <section>
        <h3>Checks that ran</h3>
        {!evidence.intact ? <p className="note critical"><Mark state="critical" /><span><b>Not as it was written.</b> The content of this entry does not fit its digest; it is not shown.</span></p> : evidence.expired ? <p className="note"><Mark state="unknown" /><span>Their content has expired. The digest still stands in the chain.</span></p> : (
          <ul className="checks">
            {evidence.checks.map((check, at) => (
              <li key={at}>
                <Icon name={check.passed ? "check" : "close"} small className={check.passed ? "text-accent" : "text-critical"} />
                <span><span className="sr">{check.passed ? "passed: " : "failed: "}</span>{check.name}</span>
                <span className="t3 whitespace-nowrap">{check.took_ms === null ? (check.passed ? "yes" : "no") : brief(check.took_ms)}</span>
                {check.detail && <span className="detail">{check.detail}</span>}
              </li>
            ))}
          </ul>
        )}
      </section>
      {found.length > 0 && (
        <section>
          <h3>What was seen</h3>
          <FactParts parts={found} />
        </section>
      )}
      {evidence.reproduce && (
        <section>
          <div className="between"><h3>Reproduce</h3><CopyButton text={evidence.reproduce} /></div>
          <Sql sql={evidence.reproduce} framed label="Statements that repeat the check by hand" />
        </section>
      )}
      <section>
        <h3>Where and when</h3>
        <FactParts parts={where}>
          <Line name="Ran">{exact(evidence.at)} <span className="t3"><Age at={evidence.at} /></span></Line>
          <Line name="Valid">{evidence.valid_until ? `until ${exact(evidence.valid_until)}` : "without an end"}</Line>
          <Line name="About"><span className="mono small">{evidence.subject}</span></Line>
        </FactParts>
      </section>
      <section>
        <h3>In the ledger</h3>
        <ol className="chain">
          {evidence.before && <Link link={evidence.before} onOpen={onOpen} word="the one before" />}
          <li className="here"><Icon name={evidence.passed ? "check" : "close"} small className={evidence.passed ? "text-accent" : "text-critical"} /><span>{evidence.id}</span><span title={evidence.mac}>{shortHash(evidence.mac)}</span><span className="t3">{clockSeconds(evidence.at)}</span></li>
          {evidence.after && <Link link={evidence.after} onOpen={onOpen} word="the one after" />}
        </ol>
        <p className="small t3 mono mt-2" title={evidence.digest}>sha256 {shortHash(evidence.digest)}, no. {count(evidence.sequence)}</p>
      </section>
    </div>
  );
}

function Link({ link, onOpen, word }: { link: readonly unknown[]; onOpen: (id: string) => void; word: string }) {
  const [id, mac] = link as [string, string];
  return (
    <li>
      <Icon name="check" small className="text-text-3" />
      <button type="button" className="link text-left font-mono" onClick={() => onOpen(id)} aria-label={`${id}, ${word}`}>{id}</button>
      <span title={mac}>{shortHash(mac)}</span><span />
    </li>
  );
}
