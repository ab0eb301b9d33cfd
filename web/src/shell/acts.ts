// What can be done here: acts of the page and of the selected row, for the palette and for keys.
import { useEffect } from "react";
import { create } from "zustand";
import type { Act } from "../kit/palette-rank";

interface Acts {
  page: readonly Act[];
  row: readonly Act[];
  /** The palette: shut, open, or open with the row's acts only. */
  palette: "shut" | "all" | "row";
}

export const useActs = create<Acts>()(() => ({ page: [], row: [], palette: "shut" }));

export function openPalette(which: "all" | "row" = "all"): void {
  useActs.setState({ palette: which });
}

/** Offer these acts while the page stands; hand in the same array until they change. */
export function usePageActs(acts: readonly Act[]): void {
  useEffect(() => {
    useActs.setState({ page: acts });
    return () => useActs.setState({ page: [] });
  }, [acts]);
}

export function useRowActs(acts: readonly Act[]): void {
  useEffect(() => {
    useActs.setState({ row: acts });
    return () => useActs.setState({ row: [] });
  }, [acts]);
}
