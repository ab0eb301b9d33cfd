// The door: a one-time token signs in; says how to get one when there is none, or when it was used.
import { AssayError } from "@assay/client";
import { useState } from "react";
import { Brand } from "../kit/Brand";
import { Button } from "../kit/Button";
import { Field } from "../kit/Field";
import { errorWords } from "../kit/Failed";
import { Mark } from "../kit/Mark";
import { Sql } from "../kit/Sql";
import { signIn, useSession } from "./session";

/** What prints a fresh sign-in address, on the machine where the server runs. */
const COMMAND = "assay url";

/** A token, or the whole address that holds one. */
export function tokenIn(text: string): string {
  return /[#&?]token=([^&\s]+)/.exec(text)?.[1] ?? text.trim();
}

export function TokenForm({ onDone }: { onDone?: () => void }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") { setWrong("Paste the token, or the whole address that was printed."); return; }
    setBusy(true);
    setWrong(null);
    try { await signIn(tokenIn(text)); onDone?.(); } catch (error) { setWrong(errorWords(error)); }
    setBusy(false);
  };
  return (
    <form className="stack gap-3" onSubmit={(event) => void submit(event)}>
      <Field label="Token or sign-in address" mono autoComplete="off" spellCheck={false} value={text} wrong={wrong} hint="Works once, and only for a short while." onChange={(event) => setText(event.target.value)} data-first="" />
      <div className="row"><Button kind="primary" type="submit" busy={busy}>Sign in</Button></div>
    </form>
  );
}

export function SignIn() {
  const { signedIn, error } = useSession();
  const refused = signedIn === "refused";
  const cure = error instanceof AssayError ? error.cure : null;
  return (
    <main className="gate" id="main">
      <section className="card" aria-labelledby="gate-title">
        <div className="empty">
          <Brand size={40} />
          <h1 id="gate-title" className="text-20 font-semibold">{refused ? "This token does not sign in" : "Sign in"}</h1>
          {refused && <p className="note warning w-full"><Mark state="warning" /><span>{errorWords(error)}</span></p>}
          <p>{refused ? "A token works once. Print a new address on the machine where Assay runs:" : "Assay knows its people by a one-time address. Print one on the machine where it runs:"}</p>
          <Sql sql={cure ?? COMMAND} framed label="The command that prints a sign-in address" />
          <div className="w-full"><TokenForm /></div>
        </div>
      </section>
    </main>
  );
}
