// The icons, as strokes on a 24 by 24 grid. They are decorative: a name is next to each icon, or on its button.

const PATHS = {
  train: "M3 9v6M6.5 6v12M17.5 6v12M21 9v6M6.5 12h11",
  history: "M4 19V5M4 19h16M8 15l3.5-4.5 3 2.5L20 7",
  body: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8 9a6 6 0 0 1 8 0M12 11l1.5-2.5",
  goals: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 12h.01",
  library: "M5 4h3v16H5zM11 4h3v16h-3zM16.8 5.2l2.9-.8 3 14.6",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  sync: "M20 11a8 8 0 0 0-14.5-4.3L4 9M4 4v5h5M4 13a8 8 0 0 0 14.5 4.3L20 15M20 20v-5h-5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth={1.75} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
