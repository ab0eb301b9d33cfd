// The plugins room: stores that plugins give access to, the plugins themselves, and what they wrote.
import { later, type BesideProps, type Room } from "../../shell/room";

export const plugins: Room = {
  name: "plugins", title: "Plugins", group: "Ground", counts: "not ready",
  beside: { word: "plugin", panel: later<BesideProps>(() => import("./PluginPanel")) },
  pages: [
    { path: "/plugins", title: "Plugins", page: later(() => import("./Plugins")) },
    { path: "/plugins/add", title: "Add a store", page: later(() => import("./AddStore")) },
    { path: "/plugins/stores/:name", title: "Store", page: later(() => import("./StorePage")) },
  ],
};
