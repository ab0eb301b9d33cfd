// The evidence room: the ledger of what was checked.
import { later, type Room } from "../../shell/room";

export const evidence: Room = {
  name: "evidence", title: "Evidence", group: "Ground", counts: "entries", key: "e",
  pages: [
    { path: "/evidence", title: "Evidence", page: later(() => import("./EvidenceList")) },
    { path: "/evidence/:id", title: "Evidence", page: later(() => import("./EvidencePage")) },
  ],
};
