// The models room: which language models are asked, whether they answer, and where their keys come from.
import { later, type Room } from "../../shell/room";

export const models: Room = {
  name: "models", title: "Models", group: "Code", counts: "failing", key: "m",
  pages: [{ path: "/models", title: "Models", page: later(() => import("./Models")) }],
};
