// The ask room: the assistant that floats over every page.
import { lazy } from "react";
import type { Room } from "../../shell/room";
import { openAssistant } from "./talk";

export const askRoom: Room = {
  name: "ask", title: "Ask", group: "Answer", counts: "", key: "a",
  pages: [],
  floats: lazy(() => import("./Assistant")),
  open: openAssistant,
};
