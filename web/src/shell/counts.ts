// Small numbers beside the rooms: open findings, connected sources.
import { useEffect } from "react";
import { create } from "zustand";

export const useCounts = create<Record<string, number>>()(() => ({}));

/** Tell the navigation how many things of a room are open. */
export function useCount(room: string, value: number | undefined): void {
  useEffect(() => { if (value !== undefined) useCounts.setState({ [room]: value }); }, [room, value]);
}
