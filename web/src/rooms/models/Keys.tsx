// Where the key of each provider comes from; one can be kept in the vault, replaced, forgotten, never read.
import type { ProviderKey } from "@assay/client";
import { useState } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Card } from "../../kit/Card";
import { Confirm } from "../../kit/Confirm";
import { Dialog } from "../../kit/Dialog";
import { Failed } from "../../kit/Failed";
import { Field } from "../../kit/Field";
import type { State } from "../../kit/Mark";
import { StatusMark } from "../../kit/StatusMark";
import { Table, type Column } from "../../kit/Table";
import { renew } from "../../shell/answers";
import { assay } from "../../shell/client";
import { useCan } from "../../shell/session";
import { toast } from "../../shell/toasts";

const SOURCE: Record<ProviderKey["source"], { mark: State; word: string }> = {
  environment: { mark: "ok", word: "from the environment" }, vault: { mark: "ok", word: "from the vault" }, none: { mark: "unknown", word: "none" },
};

const COLUMNS: Column<ProviderKey>[] = [
  { key: "provider", head: "Provider", cell: (row) => <div className="cell2"><span className="strong">{row.provider}</span><span className="second mono">{row.setting}</span></div> },
  { key: "source", head: "Key", width: "col-288", cell: (row) => <div className="cell2"><StatusMark state={SOURCE[row.source].mark}>{SOURCE[row.source].word}</StatusMark>{row.kept_at && <span className="second">{row.source === "environment" ? "one in the vault, not used, " : ""}<Age at={row.kept_at} before="kept " /></span>}</div> },
];

export function Keys({ keys }: { keys: readonly ProviderKey[] }) {
  const [asking, setAsking] = useState<{ act: "keep" | "forget"; key: ProviderKey } | null>(null);
  const mayKeep = useCan("models.keep_key");
  const acts: Column<ProviderKey> = {
    key: "acts", head: <span className="sr">Acts</span>, width: "col-264",
    cell: (row) => (
      <span className="row justify-end">
        {row.kept_at && <Button kind="quiet" aria-label={`Forget the key of ${row.provider}`} onClick={() => setAsking({ act: "forget", key: row })}>Forget</Button>}
        <Button icon="key" aria-label={`${row.kept_at ? "Replace" : "Keep"} a key of ${row.provider}`} onClick={() => setAsking({ act: "keep", key: row })}>{row.kept_at ? "Replace" : "Keep"} a key</Button>
      </span>
    ),
  };
  return (
    <Card title="Keys of providers">
      <Table label="Keys of providers" columns={mayKeep ? [...COLUMNS, acts] : COLUMNS} rows={keys} rowKey={(row) => row.provider} />
      {asking?.act === "keep" && <Keeping wanted={asking.key} onClose={() => setAsking(null)} />}
      {asking?.act === "forget" && <Forgetting kept={asking.key} onClose={() => setAsking(null)} />}
    </Card>
  );
}

function Keeping({ wanted: { provider, source, setting }, onClose }: { wanted: ProviderKey; onClose: () => void }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    if (text.trim() === "" || busy) return;
    setBusy(true);
    try {
      await assay.put("/api/v1/models/keys/{provider}", { path: { provider }, body: { api_key: text.trim() } });
      renew("models");
      toast({ state: "ok", title: `Kept a key of ${provider}` });
      onClose();
    } catch (wrong) { setError(wrong); setBusy(false); }
  };
  return (
    <Dialog title={`Keep a key of ${provider}`} onClose={onClose}>
      <form className="stack" onSubmit={(event) => void save(event)}>
        <Field label="Key" type="password" mono autoComplete="new-password" spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} hint="Sealed at once; never shown, returned or logged. Calls that begin from now on use it." />
        {source === "environment" && <p className="t2">The one in <span className="mono small">{setting}</span> wins over it.</p>}
        {error !== null && <Failed error={error} compact />}
        <div className="row"><Button kind="primary" type="submit" busy={busy} disabled={busy || text.trim() === ""}>Keep it</Button><Button onClick={onClose}>Cancel</Button></div>
      </form>
    </Dialog>
  );
}

function Forgetting({ kept: { provider }, onClose }: { kept: ProviderKey; onClose: () => void }) {
  const forget = async () => {
    await assay.delete("/api/v1/models/keys/{provider}", { path: { provider } });
    renew("models");
    toast({ state: "ok", title: `Forgot the key of ${provider}` });
  };
  return <Confirm question={`Forget the key of ${provider}?`} act="Forget it" danger onDo={forget} onClose={onClose}><p>It leaves the vault, and can’t be had back from here. Calls that begin from now on do without it.</p></Confirm>;
}
