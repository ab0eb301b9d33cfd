// The workload room: what a PostgreSQL suffers from, and what would help.
import { later, type Room } from "../../shell/room";

export const workload: Room = {
  name: "workload", title: "Workload", group: "Database", counts: "open findings", key: "w", scoped: true,
  pages: [
    { path: "/workload", title: "Bottlenecks", nav: true, page: later(() => import("./Bottlenecks")) },
    { path: "/workload/advisor", title: "Advisor", nav: true, page: later(() => import("./Advisor")) },
    { path: "/workload/queries/:id", title: "Query", page: later(() => import("./Query")) },
  ],
};
