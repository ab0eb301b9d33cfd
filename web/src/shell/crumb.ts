// The last word of where I am and the title of the window, told by the page itself.
import { useEffect } from "react";
import { create } from "zustand";

export const useCrumb = create<{ word: string | null }>()(() => ({ word: null }));

/** Name the page: in the window's title, and as the last crumb of a page about one thing. */
export function useTitle(title: string, crumb: string | null = null): void {
  useEffect(() => {
    document.title = `${title} · Assay`;
    useCrumb.setState({ word: crumb });
    return () => useCrumb.setState({ word: null });
  }, [title, crumb]);
}
