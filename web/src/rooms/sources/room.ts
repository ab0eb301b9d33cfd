// The sources room: databases that people connect.
import { later, type Room } from "../../shell/room";

export const sources: Room = {
  name: "sources", title: "Sources", group: "Ground", counts: "connected",
  pages: [
    { path: "/sources", title: "Sources", page: later(() => import("./Sources")) },
    { path: "/sources/connect", title: "Connect a database", page: later(() => import("./Connect")) },
    { path: "/sources/init", title: "Accounts and extensions", page: later(() => import("./Init")) },
    { path: "/sources/:id", title: "Source", page: later(() => import("./SourcePage")) },
  ],
};
