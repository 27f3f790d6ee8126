// Accounting periods offered for lists and reports: days, not moments.
import { addDays, addMonths, daysInMonth, isoDay, partsOf } from "./day";

export interface Period {
  readonly from: string;
  readonly to: string;
}

export const PERIODS = [
  "today",
  "month",
  "last_month",
  "quarter",
  "last_quarter",
  "half",
  "year",
  "last_year",
  "all",
] as const;
export type PeriodName = (typeof PERIODS)[number];

function months(year: number, first: number, count: number): Period {
  const start = isoDay(year, first, 1);
  const end = partsOf(addMonths(start, count - 1));
  return { from: start, to: end ? isoDay(end.year, end.month, daysInMonth(end.year, end.month)) : start };
}

/** The period `name` around `today`. "all" begins at `booksFirstDay` (the day before it too: opening balances). */
export function periodOf(name: PeriodName, today: string, booksFirstDay = ""): Period {
  const parts = partsOf(today) ?? { year: 2026, month: 1, day: 1 };
  const quarter = Math.floor((parts.month - 1) / 3) * 3 + 1;
  switch (name) {
    case "today":
      return { from: today, to: today };
    case "month":
      return months(parts.year, parts.month, 1);
    case "last_month": {
      const before = partsOf(addMonths(isoDay(parts.year, parts.month, 1), -1)) ?? parts;
      return months(before.year, before.month, 1);
    }
    case "quarter":
      return months(parts.year, quarter, 3);
    case "last_quarter": {
      const before = partsOf(addMonths(isoDay(parts.year, quarter, 1), -3)) ?? parts;
      return months(before.year, before.month, 3);
    }
    case "half":
      return months(parts.year, parts.month <= 6 ? 1 : 7, 6);
    case "year":
      return months(parts.year, 1, 12);
    case "last_year":
      return months(parts.year - 1, 1, 12);
    case "all":
      return { from: booksFirstDay ? addDays(booksFirstDay, -1) : isoDay(1990, 1, 1), to: isoDay(parts.year, 12, 31) };
  }
}
