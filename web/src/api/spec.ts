// The spec as the data server tells it, made whole: what an older or half-configured server leaves out gets a plain value.
import type { Body, Spec, Words } from "./types";

const EMPTY_CHART = { regime: "", accounts: [], roles: {}, groups: {} };

export function readSpec(told: Record<string, unknown>): Spec {
  const raw = told as unknown as Partial<Spec> & { company?: Body | null };
  return {
    language: raw.language ?? "vi",
    modules: raw.modules ?? [],
    voucher_types: raw.voucher_types ?? [],
    reports: raw.reports ?? [],
    catalogs: raw.catalogs ?? [],
    cash_flow: raw.cash_flow ?? [],
    regimes: raw.regimes ?? [],
    words: raw.words ?? {},
    faults: raw.faults ?? {},
    company: raw.company ?? {},
    fiscal_years: raw.fiscal_years ?? [],
    chart: { ...EMPTY_CHART, ...raw.chart },
    branches: raw.branches ?? [],
    books: raw.books?.length ? raw.books : ["financial"],
    currencies: raw.currencies?.length ? raw.currencies : [{ code: "VND", name: "Đồng", decimals: 0, rate: "1" }],
    role: raw.role ?? "",
  };
}

/** The word under a path of the spec's words, or `otherwise`. */
export function wordAt(words: Words, path: readonly string[], otherwise: string): string {
  let found: string | Words | undefined = words;
  for (const name of path) found = typeof found === "object" ? found[name] : undefined;
  return typeof found === "string" ? found : otherwise;
}

/** Whether the company still has to be set up: no settings or no fiscal year yet. */
export function isEmptyCompany(spec: Spec): boolean {
  return typeof spec.company.set_up === "boolean" ? !spec.company.set_up : spec.fiscal_years.length === 0;
}

/** The branch a new voucher begins at where none is chosen: the head office, else the first one. */
export function homeBranch(spec: Spec): string {
  const office = spec.branches.find((item) => item.kind === "head_office") ?? spec.branches[0];
  return office?.id ?? "";
}
