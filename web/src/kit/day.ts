// Accounting days: ISO text inside, dd/mm/yyyy for people, shorthands for typing. No clock here: `today` is given.

const YEAR_FIRST = 1990;
const YEAR_LAST = 2100;
const ISO = /^(\d{4})-(\d{2})-(\d{2})$/;

export interface DayParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function partsOf(iso: string | undefined | null): DayParts | null {
  const found = ISO.exec(iso ?? "");
  return found ? { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) } : null;
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** ISO text of a real day between 1990 and 2100, else "". */
export function isoDay(year: number, month: number, day: number): string {
  if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12) return "";
  if (day < 1 || day > daysInMonth(year, month)) return "";
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

export function addDays(iso: string, days: number): string {
  const parts = partsOf(iso);
  if (!parts) return "";
  const moved = new Date(Date.UTC(parts.year, parts.month - 1, parts.day + days));
  return isoDay(moved.getUTCFullYear(), moved.getUTCMonth() + 1, moved.getUTCDate());
}

export function addMonths(iso: string, months: number): string {
  const parts = partsOf(iso);
  if (!parts) return "";
  const index = parts.year * 12 + parts.month - 1 + months;
  const [year, month] = [Math.floor(index / 12), (index % 12) + 1];
  return isoDay(year, month, Math.min(parts.day, daysInMonth(year, month)));
}

function fullYear(text: string): number {
  return text.length <= 2 ? 2000 + Number(text) : Number(text);
}

/**
 * What was typed as an ISO day; null where it is no day. `current` is the day the box holds (or the one above),
 * the place that `5` and `5/1` and `+` count from.
 *   5 -> the 5th of the month · 5/1 -> 5 January of the year · 5/1/26 · 050126 · + and - (or +3) · t -> today
 */
export function readDay(text: string, today: string, current = ""): string | null {
  const typed = text.trim().toLowerCase();
  if (typed === "") return "";
  const base = partsOf(current) ?? partsOf(today);
  const from = current || today;
  if (!base) return null;
  if (typed === "t" || typed === "h") return today;
  const step = /^([+-])(\d{0,3})$/.exec(typed);
  if (step) return addDays(from, (step[1] === "-" ? -1 : 1) * Number(step[2] || "1")) || null;
  if (ISO.test(typed)) {
    const parts = partsOf(typed) as DayParts;
    return isoDay(parts.year, parts.month, parts.day) || null;
  }
  const digits = /^(\d{4}|\d{6}|\d{8})$/.exec(typed);
  const written = digits
    ? [typed.slice(0, 2), typed.slice(2, 4), typed.slice(4)].filter(Boolean)
    : typed.split(/[/.\-\s]+/).filter(Boolean);
  if (written.length < 1 || written.length > 3 || written.some((part) => !/^\d{1,4}$/.test(part))) return null;
  const [day, month, year] = written as [string, string?, string?];
  const made = isoDay(year ? fullYear(year) : base.year, month ? Number(month) : base.month, Number(day));
  return made || null;
}

/** 22/11/2026, for reading in either language (Vietnamese offices write days so in English too). */
export function showDay(iso: string | undefined | null): string {
  const parts = partsOf(iso);
  if (!parts) return iso ?? "";
  return `${String(parts.day).padStart(2, "0")}/${String(parts.month).padStart(2, "0")}/${parts.year}`;
}

/** The local calendar day of a moment. */
export function localDay(moment: Date): string {
  return isoDay(moment.getFullYear(), moment.getMonth() + 1, moment.getDate());
}

/** "14:05 21/11" of a UTC ISO time, in local time. */
export function showMoment(utc: string | undefined | null): string {
  if (!utc) return "";
  const moment = new Date(utc);
  if (Number.isNaN(moment.getTime())) return utc;
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())} ${two(moment.getDate())}/${two(moment.getMonth() + 1)}`;
}
