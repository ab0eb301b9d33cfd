// Our own icons and the brand; lucide-react has the rest.
const PATHS = {
  ask: "M2 3.5h12v8H7.5L4.5 14v-2.5H2zM5.5 7.5h5",
  workload: "M2 13.5h12M3.5 11V7M6.5 11V3M9.5 11V8.5M12.5 11V5.5",
  testgen: "M6 2v4.2L2.8 12a1.3 1.3 0 0 0 1.1 2h8.2a1.3 1.3 0 0 0 1.1-2L10 6.2V2M5 2h6M4.6 10h6.8",
  bugs: "M8 5a3 3 0 0 1 3 3v2.5a3 3 0 0 1-6 0V8a3 3 0 0 1 3-3zM6 5 4.5 2.5M10 5l1.5-2.5M5 8.5H2M14 8.5h-3M5 11.5 2.5 13M13.5 13 11 11.5",
  models: "M8 1.8 14 5v6l-6 3.2L2 11V5zM2 5l6 3.2L14 5M8 8.2v6",
  fleet: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01M8 5h3.5M8 11h3.5",
  signals: "M1.5 8.5h3l2-5 3 9 2-4h3",
  diagnose: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zm3.4 7.9 3.6 3.6M7 5v4M5 7h4",
  chat: "M2 3h9v6H6l-2.5 2V9H2zM13 6h1v6h-1.5v2L10 12H7.5",
  sources: "M2.5 3.8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2-2.5-2-5.5-2-5.5.9-5.5 2v8.4c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2V3.8M2.5 8c0 1.1 2.5 2 5.5 2s5.5-.9 5.5-2",
  plugins: "M5.5 1.5v3M10.5 1.5v3M3.5 4.5h9v3a4.5 4.5 0 0 1-9 0zM8 12v2.5",
  evidence: "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2zM5.3 8.2l2 2 3.5-4",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zm3.4 7.9 3.6 3.6",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  close: "m4 4 8 8M12 4l-8 8",
  "arrow-up": "M8 13V3.5M4 7.5l4-4 4 4",
  "arrow-down": "M8 3v9.5M4 8.5l4 4 4-4",
  "arrow-right": "M3 8h9.5M8.5 4l4 4-4 4",
  play: "M5 3.2v9.6L12.5 8z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  replay: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  filter: "M2 4h12M4.5 8h7M7 12h2",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  lock: "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  clock: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 4.8V8l2.2 1.5",
  download: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
  stop: "M4.5 4.5h7v7h-7z",
  unplugged: "m2 2 12 12M5.5 1.5v2M10.5 1.5v3M6.5 4.5h6v3c0 .9-.3 1.7-.7 2.4M9.5 11.8A4.5 4.5 0 0 1 3.5 7.5v-3M8 12v2.5",
  check: "m3 8.5 3.5 3.5L13 4.5",
  key: "M5 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6zm3 3h6v2.5M11.5 8v2",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon of the kit; alone it needs a name beside it. */
export function Icon({ name, small = false, className = "" }: { name: IconName; small?: boolean; className?: string }) {
  return (
    <svg className={`icon ${small ? "icon-s" : ""} ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} strokeWidth={name === "more" ? 2.2 : undefined} />
    </svg>
  );
}

/** Whether a name is one of ours: a room's icon is named as the room. */
export function isIcon(name: string): name is IconName {
  return name in PATHS;
}
