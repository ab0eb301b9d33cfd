// A piece of evidence, read from the claim down: verdict, checks that ran, how to repeat them, where, when, place in the chain.
import type { Evidence } from "@assay/client";
import type { ReactNode } from "react";
import { Age } from "./Age";
import { CopyButton } from "./CopyButton";
import { brief, bytes, clockSeconds, cost, count, exact, measured, shortHash } from "./figures";
import { FactTable, isRows } from "./FactTable";
import { Icon } from "./Icon";
import { Mark } from "./Mark";
import { Sql } from "./Sql";

type Facts = Record<string, unknown>;

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Before and after, when the facts hold such a pair. */
function pair(facts: Facts): { before: number; after: number } | null {
  const before = facts.before_cost ?? facts.before;
  const after = facts.after_cost ?? facts.after;
  return isNumber(before) && isNumber(after) ? { before, after } : null;
}

const IN_PAIR = new Set(["before", "after", "before_cost", "after_cost"]);

function factWord(value: unknown): string {
  if (value === null || value === undefined) return "not known";
  if (isNumber(value)) return Number.isInteger(value) ? count(value) : measured(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(factWord).join(", ");
  return JSON.stringify(value);
}

/** "server_version" to "Server version". */
function nameWord(name: string): string {
  const words = name.replaceAll("_", " ").replace(/\bddl\b/, "DDL").replace(/\bsql\b/, "SQL").replace(/\bpct\b/, "%").replace(/ ms$/, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A fact under its name, with the unit that the name tells of. */
function namedWord(name: string, value: unknown): string {
  if (isNumber(value) && /(^|_)bytes$/.test(name)) return bytes(value);
  if (isNumber(value) && name.endsWith("_ms")) return brief(value);
  return factWord(value);
}

export function Proof({ evidence, onOpen, extra }: { evidence: Evidence; onOpen: (id: string) => void; extra?: ReactNode }) {
  const facts: Facts = evidence.facts ?? {};
  const compared = pair(facts);
  const shown = Object.entries(facts).filter(([name, value]) => (!compared || !IN_PAIR.has(name)) && !isLong(value));
  const long = Object.entries(facts).filter(([, value]) => isLong(value));
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
      {evidence.reproduce && (
        <section>
          <div className="between"><h3>Reproduce</h3><CopyButton text={evidence.reproduce} /></div>
          <Sql sql={evidence.reproduce} framed label="Statements that repeat the check by hand" />
        </section>
      )}
      <section>
        <h3>Where and when</h3>
        <dl className="facts-list">
          {shown.map(([name, value]) => <Fact key={name} name={nameWord(name)}>{namedWord(name, value)}</Fact>)}
          <Fact name="Ran">{exact(evidence.at)} <span className="t3"><Age at={evidence.at} /></span></Fact>
          <Fact name="Valid">{evidence.valid_until ? `until ${exact(evidence.valid_until)}` : "without an end"}</Fact>
          <Fact name="About"><span className="mono small">{evidence.subject}</span></Fact>
        </dl>
        {long.map(([name, value]) => (
          <div key={name} className="mt-3 stack gap-1"><span className="small t3">{nameWord(name)}</span>{isRows(value) ? <FactTable name={nameWord(name)} rows={value} /> : <Sql sql={factText(value)} framed label={nameWord(name)} />}</div>
        ))}
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

function isLong(value: unknown): boolean {
  return (typeof value === "string" && (value.length > 80 || value.includes("\n"))) || (typeof value === "object" && value !== null && JSON.stringify(value).length > 120);
}

function factText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>;
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
