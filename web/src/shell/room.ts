// What a room says of itself: its name, its place in the navigation, its pages.
import { lazy, type ComponentType } from "react";

export const GROUPS = ["Answer", "Database", "Code", "Operations", "Ground"] as const;

export interface PageProps {
  /** Values of the ":name" parts of the path. */
  params: Record<string, string>;
}

export interface BesideProps {
  /** What the URL names. */
  name: string;
  onClose: () => void;
}

export interface PageOf {
  /** "/workload/queries/:id" */
  path: string;
  title: string;
  /** Stands in the navigation under its room. */
  nav?: boolean;
  page: ComponentType<PageProps>;
}

export interface Room {
  name: string;
  title: string;
  group: (typeof GROUPS)[number];
  /** What the number beside it counts. */
  counts: string;
  /** It looks at one source at a time; the top bar says which. */
  scoped?: boolean;
  /** The letter after g. */
  key?: string;
  /** Empty: the room is not a page but floats over every one. */
  pages: PageOf[];
  /** What opens beside its pages, like evidence: the word of the URL that names a thing, and the panel that shows it. */
  beside?: { word: string; panel: ComponentType<BesideProps> };
  /** Stands on every page, above it. */
  floats?: ComponentType;
  /** What going to a room without pages does. */
  open?: (question?: string) => void;
}

/** A page, or a panel, whose code is fetched when it is first opened. */
export function later<Props = PageProps>(load: () => Promise<{ default: ComponentType<Props> }>): ComponentType<Props> {
  return lazy(load) as ComponentType<Props>;
}
