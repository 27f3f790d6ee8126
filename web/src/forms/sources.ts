// Where codes and choices come from: the chart, the catalogs, the reasons and the lists of the spec. One face for all.
//
// A source is text: "account" or "account:SIDE" (with the groups the type allows on that side), a catalog kind,
// "partner:KIND", "reason", "currency", "cash_flow", "choice:FIELD".
import { type Catalogs, type Entry, rank } from "../api/catalogs";
import type { Account, FieldSpec, Spec, VoucherSpec } from "../api/types";
import type { Option } from "../grid/column";
import { fold } from "../kit/fold";

export const CATALOG_CELLS = ["partner", "bank_account", "fund", "expense_item", "department"] as const;
const OPTIONS_MAX = 60;
/** The group of fields that only look for something: they may name an account with children too. */
export const FILTER = "filter";

interface Known {
  readonly value: string;
  readonly code: string;
  readonly name: string;
  readonly hint: string;
  readonly folded: string;
  readonly foldedCode: string;
}

const known = (value: string, code: string, name: string, hint = ""): Known => ({
  value,
  code,
  name,
  hint,
  folded: fold(`${code} ${name}`),
  foldedCode: fold(code || name),
});

const optionOf = (item: Known): Option => ({ value: item.value, code: item.code, name: item.name, hint: item.hint });

/** The source of a field's values, "" for kinds that are typed freely. */
export function sourceOf(field: FieldSpec): string {
  if (field.kind === "account") {
    const side = /^(debit|credit)_account$/.exec(field.name)?.[1];
    return side ? `account:${side}` : field.group === FILTER ? "account:any" : "account";
  }
  if (field.kind === "partner") return field.partner_kind ? `partner:${field.partner_kind}` : "partner";
  if ((CATALOG_CELLS as readonly string[]).includes(field.kind)) return field.kind;
  if (["reason", "currency", "cash_flow", "voucher"].includes(field.kind)) return field.kind;
  if (field.kind === "choice" || field.kind === "tax_rate" || field.among.length) return `choice:${field.name}`;
  return "";
}

/** The catalog a source's new entries go to (F9), "" where nothing can be added in place. */
export function catalogOf(source: string): string {
  const kind = source.split(":")[0] ?? "";
  return kind === "account" || kind === "currency" || (CATALOG_CELLS as readonly string[]).includes(kind) ? kind : "";
}

/** Values of every source for one voucher type (or none, for catalog forms). */
export class Sources {
  private readonly lists = new Map<string, readonly Known[]>();
  private readonly accounts: readonly (Known & { account: Account })[];

  constructor(
    private readonly spec: Spec,
    private readonly catalogs: Catalogs,
    private readonly voucher: VoucherSpec | null,
    fields: readonly FieldSpec[] = [],
  ) {
    this.accounts = spec.chart.accounts
      .filter((account) => account.active)
      .map((account) => ({ ...known(account.code, account.code, account.name), account }));
    this.lists.set(
      "reason",
      (voucher?.reasons ?? []).map((reason) =>
        known(reason.code, "", reason.label, this.pairOf(reason.debit, reason.credit)),
      ),
    );
    this.lists.set(
      "currency",
      spec.currencies.map((item) => known(item.code, item.code, item.name)),
    );
    this.lists.set(
      "cash_flow",
      spec.cash_flow.map((item) => known(item.value, item.value, item.label)),
    );
    for (const field of fields) {
      if (sourceOf(field) === `choice:${field.name}`) {
        this.lists.set(
          `choice:${field.name}`,
          field.among.map((item) => {
            const shown = fold(item.label).startsWith(fold(item.value)) || fold(item.value).length > 8;
            return known(item.value, shown ? "" : item.value, item.label);
          }),
        );
      }
    }
  }

  private pairOf(debit: string, credit: string): string {
    const [left, right] = [this.spec.chart.roles[debit] ?? "", this.spec.chart.roles[credit] ?? ""];
    return left || right ? `${left || "…"} / ${right || "…"}` : "";
  }

  /** Catalogs that must be in memory before codes of these fields can be shown. */
  load(fields: readonly FieldSpec[]): void {
    for (const field of fields) {
      if ((CATALOG_CELLS as readonly string[]).includes(field.kind)) void this.catalogs.load(field.kind);
    }
  }

  search(source: string, text: string, limit = OPTIONS_MAX): readonly Option[] {
    const [kind = "", more = ""] = source.split(":");
    if (kind === "account") return this.searchAccounts(more, text, limit);
    const list = this.lists.get(source) ?? this.lists.get(kind);
    if (list) return rank(list, text, limit, () => true).map(optionOf);
    const wanted = more ? `is_${more}` : "";
    const fits = (entry: Entry) => entry.active && (!wanted || entry.body[wanted] === true);
    const found = this.catalogs.search(kind, text, limit, fits);
    // A partner of another kind may still be meant: offered after the expected ones.
    const others =
      wanted && text && found.length < limit
        ? this.catalogs.search(kind, text, limit - found.length, (entry) => entry.active && !fits(entry))
        : [];
    return [...found, ...others].map((entry) => ({
      value: entry.id,
      code: entry.code,
      name: entry.name,
      hint: String(entry.body.bank_name ?? entry.body.tax_code ?? ""),
    }));
  }

  private searchAccounts(side: string, text: string, limit: number): readonly Option[] {
    const groups =
      side === "debit" ? this.voucher?.debit_accounts : side === "credit" ? this.voucher?.credit_accounts : [];
    const prefixes = (groups ?? []).flatMap((group) => this.spec.chart.groups[group] ?? [group]);
    const allowed = (account: Account) =>
      prefixes.length === 0 || prefixes.some((prefix) => account.code.startsWith(prefix));
    return rank(
      this.accounts,
      text,
      limit,
      (item) => (item.account.leaf || side === "any") && allowed(item.account),
    ).map(optionOf);
  }

  /** The value a typed code means, or a single match; undefined where nothing or too much does. */
  resolve(source: string, text: string): string | undefined {
    const wanted = fold(text);
    if (!wanted) return "";
    const kind = source.split(":")[0] ?? "";
    if (kind === "account") {
      const account = this.spec.chart.accounts.find((item) => item.code === text.trim());
      if (account) return account.code;
    } else if (!this.lists.has(source) && !this.lists.has(kind)) {
      const entry = this.catalogs.byCode(kind, text);
      if (entry) return entry.id;
    }
    const list = this.lists.get(source) ?? this.lists.get(kind);
    const exact = list?.find(
      (item) => item.foldedCode === wanted || fold(item.value) === wanted || fold(item.name) === wanted,
    );
    if (exact) return exact.value;
    const found = this.search(source, text, 2);
    return found.length === 1 ? found[0]?.value : undefined;
  }

  /** What a cell shows for a value: the code people know. */
  show(source: string, value: string): string {
    const kind = source.split(":")[0] ?? "";
    if (kind === "account" || kind === "cash_flow" || kind === "currency" || kind === "voucher") return value;
    const list = this.lists.get(source) ?? this.lists.get(kind);
    if (list) return list.find((item) => item.value === value)?.name ?? value;
    return this.catalogs.entry(kind, value)?.code ?? (this.catalogs.isReady(kind) ? value : "…");
  }

  /** The full name behind a value, for hints beside the box. */
  name(source: string, value: string): string {
    const kind = source.split(":")[0] ?? "";
    if (kind === "account") return this.spec.chart.accounts.find((item) => item.code === value)?.name ?? "";
    const list = this.lists.get(source) ?? this.lists.get(kind);
    if (list) return list.find((item) => item.value === value)?.name ?? "";
    return this.catalogs.entry(kind, value)?.name ?? "";
  }

  entry(source: string, id: string): Entry | undefined {
    return this.catalogs.entry(source.split(":")[0] ?? "", id);
  }
}
