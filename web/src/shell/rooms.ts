// The rooms that have pages; only those that the server has are shown.
import { useMemo } from "react";
import { askRoom } from "../rooms/ask/room";
import { evidence } from "../rooms/evidence/room";
import { models } from "../rooms/models/room";
import { plugins } from "../rooms/plugins/room";
import { sources } from "../rooms/sources/room";
import { workload } from "../rooms/workload/room";
import type { PageOf, Room } from "./room";
import { here, matchPath, navigate } from "./router";
import { useSession } from "./session";

const ROOMS: readonly Room[] = [askRoom, workload, models, sources, plugins, evidence];

/** The rooms that are here, in the order of the navigation. */
export function useRooms(): readonly Room[] {
  const capabilities = useSession((session) => session.capabilities);
  return useMemo(() => ROOMS.filter((room) => capabilities.some((one) => one.name === room.name)), [capabilities]);
}

/** Go to a room: to its first page, or to what floats. */
export function goTo(room: Room): void {
  if (room.open) room.open();
  else navigate(here(`/${room.name}`));
}

export interface Found {
  room: Room;
  page: PageOf;
  params: Record<string, string>;
}

export function findPage(rooms: readonly Room[], path: string): Found | null {
  for (const room of rooms) {
    for (const page of room.pages) {
      const params = matchPath(page.path, path);
      if (params) return { room, page, params };
    }
  }
  return null;
}
