// The session ended while the page was open: it stays, and a token opens it again.
import { Dialog } from "../kit/Dialog";
import { Sql } from "../kit/Sql";
import { TokenForm } from "./SignIn";

export function Expired() {
  return (
    <Dialog title="Your session has ended" onClose={() => undefined}>
      <p className="t2">Nothing on this page is lost. Print a new sign-in address on the machine where Assay runs, and paste it here.</p>
      <Sql sql="assay url" framed label="The command that prints a sign-in address" />
      <TokenForm />
    </Dialog>
  );
}
