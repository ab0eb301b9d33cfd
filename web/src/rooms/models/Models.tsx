// The configured language models in the order in which they are asked, what they used today, and keys for them.
import type { ModelLine, ModelList, ModelProbe } from "@assay/client";
import { useState } from "react";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Duration } from "../../kit/Duration";
import { Empty } from "../../kit/Empty";
import { errorWords } from "../../kit/Failed";
import { brief, count, plural } from "../../kit/figures";
import { useKeys } from "../../kit/keys";
import type { State } from "../../kit/Mark";
import { PageHead } from "../../kit/PageHead";
import { StatusMark } from "../../kit/StatusMark";
import { Table, type Column } from "../../kit/Table";
import { renew, useAnswer } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useTitle } from "../../shell/crumb";
import { useCan } from "../../shell/session";
import { Shown } from "../../shell/Shown";
import { Keys } from "./Keys";

/** How a model is, as far as calls have shown; asked nothing yet it is not known. */
export function stateOf({ breaker, rests_s, last_error }: Pick<ModelLine, "breaker" | "rests_s" | "last_error">): { mark: State; word: string } {
  if (breaker === "open") return { mark: "critical", word: `rests ${brief(rests_s * 1000)} after failures` };
  if (breaker === "half_open") return { mark: "warning", word: "tried again with the next call" };
  return last_error ? { mark: "warning", word: "failed last" } : { mark: "ok", word: "asked" };
}

/** What a test found, in a sentence. */
export function probed({ answered, error, models, tokens }: Pick<ModelProbe, "answered" | "error" | "models" | "tokens">): string {
  if (answered) return `It answered, with ${plural(tokens, "token")}; its server has ${plural(models.length, "model")}.`;
  return `It did not answer: ${error ?? "it says no more."}`;
}

function Test({ name }: { name: string }) {
  const [state, setState] = useState<{ busy: boolean; said: ModelProbe | null; error: unknown }>({ busy: false, said: null, error: null });
  const run = () => {
    setState({ busy: true, said: null, error: null });
    assay.post("/api/v1/models:test", { body: { name } })
      .then((said) => { setState({ busy: false, said, error: null }); renew("models"); })
      .catch((error: unknown) => setState({ busy: false, said: null, error }));
  };
  const mark = state.said?.answered ? "ok" : "critical";
  return (
    <span className="row">
      <Button icon="play" busy={state.busy} disabled={state.busy} onClick={run} aria-label={`Test ${name}`}>Test</Button>
      <span role="status" className="min-w-0">
        {state.said && <StatusMark state={mark} wrap>{probed(state.said)} <span className="t3"><Duration ms={state.said.took_ms} /></span></StatusMark>}
        {state.error !== null && <StatusMark state="critical" wrap>{errorWords(state.error)}</StatusMark>}
      </span>
    </span>
  );
}

const COLUMNS: Column<ModelLine>[] = [
  { key: "name", head: "Model", cell: (row) => <div className="cell2"><span className="strong" title={row.name}>{row.name}</span><span className="second">{row.on_loopback ? "on this machine" : "elsewhere: what is said to it leaves this machine"}</span></div> },
  { key: "state", head: "State", width: "col-288", cell: (row) => { const { mark, word } = stateOf(row); return <div className="cell2"><StatusMark state={mark}>{word}</StatusMark>{row.last_error && <span className="second" title={row.last_error}>{row.last_error}</span>}</div>; } },
];
const TEST: Column<ModelLine> = { key: "test", head: <span className="sr">Test</span>, cell: (row) => <Test name={row.name} /> };

function used({ tokens, most_tokens, cost_usd, most_usd }: ModelList["today"]): string {
  const limit = most_tokens === null ? "" : ` of ${count(most_tokens)}`;
  const money = `${cost_usd.toFixed(2)}${most_usd === null ? "" : ` of ${most_usd.toFixed(2)}`} USD`;
  return `${count(tokens)}${limit} tokens, ${money} today`;
}

export default function Models() {
  const answer = useAnswer("models:list", (signal) => assay.get("/api/v1/models", { signal }), { every: 10_000 });
  const mayTest = useCan("models.test");
  useTitle("Models");
  useKeys({ r: { does: "Refresh", run: answer.again } });
  return (
    <>
      <PageHead title="Models" facts={answer.value && <><span>{plural(answer.value.models.length, "model")}</span><span>{used(answer.value.today)}</span>{answer.value.private && <span>privacy mode: nothing leaves this machine</span>}</>} />
      <Shown answer={answer} what="the models" rows={4}>
        {(list) => (
          <div className="stack">
            <Card title="In the order in which they are asked">
              {list.models.length > 0 ? <Table label="Models" columns={mayTest ? [...COLUMNS, TEST] : COLUMNS} rows={list.models} rowKey={(row) => row.name} /> : (
                <Empty title="No model is asked" command="ASSAY_AI_PROVIDER=ollama ASSAY_AI_MODEL=… assay up">Everything works without one, on engines of our own. A model is named when Assay starts.</Empty>
              )}
            </Card>
            <Keys keys={list.keys} />
          </div>
        )}
      </Shown>
    </>
  );
}
