// The way down: from a row of balances to the book that shows what it is made of. Known by what reports declare, not by name.
import type { ReportRow, ReportSpec } from "../api/types";

/** Parameters every report has: they stay as they are on the way down. */
export const ALWAYS: ReadonlySet<string> = new Set(["period", "branch", "book"]);

/** A report, and what it is asked for there. */
export interface Way {
  readonly report: ReportSpec;
  readonly asked: Record<string, string>;
}

const required = (report: ReportSpec) =>
  report.parameters.filter((item) => item.required && !ALWAYS.has(item.name)).map((item) => item.name);

/** Where a row of `report`, as it was `asked` for, leads; null where it stands for nothing that has a book. */
export function wayDown(
  reports: readonly ReportSpec[],
  report: ReportSpec,
  row: ReportRow | undefined,
  asked: Readonly<Record<string, string>>,
): Way | null {
  const { kind, by = "" } = report.source;
  if (kind !== "balances" || row?.kind !== "line") return null;
  const account = by === "account";
  const value = String(row.cells[account ? "code" : "id"] ?? "");
  if (!value) return null;
  const given: Record<string, string> = account ? { account: value } : { ...asked, [by]: value };
  const fits = (other: ReportSpec) =>
    other.source.kind === "movements" &&
    (account || other.source.of === by) &&
    required(other).includes(by) &&
    required(other).every((name) => given[name]);
  const found = reports.filter(fits).sort((one, other) => one.order - other.order)[0];
  if (!found) return null;
  const known = found.parameters.map((item) => item.name).filter((name) => given[name] && !ALWAYS.has(name));
  return { report: found, asked: Object.fromEntries(known.map((name) => [name, given[name] ?? ""])) };
}
