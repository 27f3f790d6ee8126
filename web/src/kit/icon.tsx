// The few pictures we use, drawn here: no icon font, no network.

const PATHS = {
  check: "M4 10.5l4 4 8-9",
  checkCircle: "M10 2.5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zM6.5 10.2l2.4 2.4 4.6-5",
  clock: "M10 2.5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zM10 6v4.2l2.8 1.8",
  turn: "M16 6v4h-4M4 14v-4h4M15.2 9A5.5 5.5 0 005.4 6.9M4.8 11a5.5 5.5 0 009.8 2.1",
  warning: "M10 3L18 16.5H2zM10 8v4M10 14.2v.3",
  cross: "M5 5l10 10M15 5L5 15",
  split: "M10 17v-5M10 12L5 5M10 12l5-7M5 9V5h4M15 9V5h-4",
  plus: "M10 4v12M4 10h12",
  pencil: "M4 16l.8-3.4L13.6 3.8l2.6 2.6-8.8 8.8zM12 5.4L14.6 8",
  search: "M9 3.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11zM13 13l4 4",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  lock: "M5.5 9h9v7.5h-9zM7.5 9V6.5a2.5 2.5 0 015 0V9",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.7" aria-hidden="true">
      <path d={PATHS[name]} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
