// The one connection to the server that served this page.
import { Assay } from "@assay/client";

export const assay = new Assay();
