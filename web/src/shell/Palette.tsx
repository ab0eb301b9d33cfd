// What the command palette knows: acts of row and page, rooms, objects, settings.
import { useCallback } from "react";
import type { BottleneckPage } from "@assay/client";
import { CommandPalette } from "../kit/CommandPalette";
import type { Act } from "../kit/palette-rank";
import { setTheme, type Theme } from "../kit/theme";
import { useActs } from "./acts";
import { keptLike } from "./answers";
import { here, navigate } from "./router";
import type { Room } from "./room";
import { goTo, useRooms } from "./rooms";
import { signOut } from "./session";
import { lookAt, useSources } from "./sources";

const THEMES: [Theme, string][] = [["dark", "Theme: dark"], ["light", "Theme: light"], ["system", "Theme: follows the system"]];

function roomActs(rooms: readonly Room[]): Act[] {
  return rooms.flatMap((room) => {
    const pages = room.pages.filter((page) => page.nav && !page.path.includes(":"));
    const first: Act = { id: `room:${room.name}`, title: room.title, kind: "room", place: room.group, icon: room.name, run: () => goTo(room), ...(room.key ? { key: `g ${room.key}` } : {}) };
    return [first, ...pages.map((page): Act => ({ id: `page:${page.path}`, title: page.title, kind: "room", place: room.title, icon: room.name, run: () => navigate(here(page.path)) }))];
  });
}

function queryActs(): Act[] {
  const seen = new Set<string>();
  return keptLike<BottleneckPage>("bottlenecks:").flatMap((page) => page.items ?? []).filter((one) => !seen.has(one.query_id) && seen.add(one.query_id)).map((one) => ({
    id: `query:${one.query_id}`, title: `${one.query_id} ${one.title}`, words: one.sql.text, kind: "object", place: "Query", icon: "workload",
    run: () => navigate(here(`/workload/queries/${one.query_id}`)),
  }));
}

export function Palette({ onKeys }: { onKeys: () => void }) {
  const { palette, page, row } = useActs();
  const rooms = useRooms();
  const sources = useSources().value;
  const acts = useCallback((query: string): readonly Act[] => {
    if (palette === "row") return row;
    const evidence = /^e-?(\d+)$/i.exec(query.trim())?.[1];
    const objects: Act[] = [
      ...(evidence ? [{ id: "evidence", title: `Evidence E-${evidence}`, words: query, kind: "object" as const, place: "Evidence", icon: "evidence", run: () => navigate(here(`/evidence/E-${evidence}`)) }] : []),
      ...queryActs(),
      ...(sources?.items ?? []).map((one): Act => ({ id: `source:${one.id}`, title: `Look at ${one.name}`, words: one.where, kind: "object", place: "Source", icon: "sources", run: () => lookAt(one) })),
    ];
    const settings: Act[] = [
      ...THEMES.map(([theme, title]): Act => ({ id: title, title, kind: "setting", place: "Page", icon: "more", run: () => setTheme(theme) })),
      { id: "keys", title: "Keys of this page", kind: "setting", place: "Page", icon: "key", key: "?", run: onKeys },
      { id: "sign-out", title: "Sign out", kind: "setting", place: "Me", icon: "lock", run: () => void signOut() },
    ];
    const asks = rooms.filter((room) => room.open && query.trim() !== "").map((room): Act => ({ id: `ask:${room.name}`, title: `Ask: ${query.trim()}`, kind: "ask", place: room.title, icon: room.name, run: () => room.open?.(query.trim()) }));
    return [...asks, ...row, ...page, ...roomActs(rooms), ...objects, ...settings];
  }, [palette, page, row, rooms, sources, onKeys]);
  if (palette === "shut") return null;
  return <CommandPalette acts={acts} about={palette === "row" ? "Acts of this row" : "Search or run"} onClose={() => useActs.setState({ palette: "shut" })} />;
}
