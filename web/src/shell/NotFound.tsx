// No page at this address.
import { Empty } from "../kit/Empty";
import { Link } from "./Link";
import { useTitle } from "./crumb";

export function NotFound({ path }: { path: string }) {
  useTitle("Not found");
  return (
    <section className="card">
      <Empty title="Nothing at this address" acts={<Link className="btn primary" to="/">Go home</Link>}>
        {path} is no page of this Assay. A room that is not installed is absent here.
      </Empty>
    </section>
  );
}
