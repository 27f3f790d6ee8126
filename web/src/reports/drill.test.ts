// Enter on a row of balances leads to its entries, for accounts, partners and bank accounts alike.
import { describe, expect, it } from "vitest";
import type { ReportRow, ReportSpec } from "../api/types";
import { wayDown } from "./drill";

const parameter = (name: string, required = false) => ({ name, required, label: name, roles: [] });
const report = (code: string, source: ReportSpec["source"], ...parameters: ReportSpec["parameters"]): ReportSpec => ({
  code,
  module: "",
  order: code.length,
  title: code,
  short: code,
  parameters: [parameter("period", true), parameter("branch"), ...parameters],
  source,
  landscape: false,
});

const ACCOUNTS = report("accounts", { kind: "balances", by: "account" }, parameter("level"));
const PARTNERS = report(
  "partners",
  { kind: "balances", by: "partner" },
  parameter("account", true),
  parameter("currency"),
);
const BANKS = report("banks", { kind: "balances", by: "bank_account" }, parameter("account"));
const JOURNAL = report("all", { kind: "movements", of: "" });
const LEDGER = report("ledger", { kind: "movements", of: "" }, parameter("account", true));
const OF_PARTNER = report(
  "of partner",
  { kind: "movements", of: "partner" },
  parameter("account", true),
  parameter("partner", true),
  parameter("currency"),
);
const OF_BANK = report(
  "of bank",
  { kind: "movements", of: "bank_account" },
  parameter("bank_account", true),
  parameter("account"),
);
const REPORTS = [ACCOUNTS, PARTNERS, BANKS, JOURNAL, LEDGER, OF_PARTNER, OF_BANK];

const row = (code: string, id: string, kind = "line"): ReportRow => ({ kind, cells: { code, id }, voucher: "" });

describe("the way down from balances", () => {
  it("leads from an account to its book", () => {
    expect(wayDown(REPORTS, ACCOUNTS, row("1111", ""), { level: "1" })).toEqual({
      report: LEDGER,
      asked: { account: "1111" },
    });
  });

  it("leads from a partner to the book of that partner on the same account and currency", () => {
    expect(wayDown(REPORTS, PARTNERS, row("KH001", "id-1"), { account: "131", currency: "USD" })).toEqual({
      report: OF_PARTNER,
      asked: { account: "131", partner: "id-1", currency: "USD" },
    });
  });

  it("leads from a bank account to its book, with or without an account asked for", () => {
    expect(wayDown(REPORTS, BANKS, row("VCB", "id-2"), {})).toEqual({
      report: OF_BANK,
      asked: { bank_account: "id-2" },
    });
    expect(wayDown(REPORTS, BANKS, row("VCB", "id-2"), { account: "1121" })?.asked).toEqual({
      bank_account: "id-2",
      account: "1121",
    });
  });

  it("leads nowhere from sums, from what stands under no name, and from rows of a ledger", () => {
    expect(wayDown(REPORTS, PARTNERS, row("", "", "total"), { account: "131" })).toBeNull();
    expect(wayDown(REPORTS, PARTNERS, row("", ""), { account: "131" })).toBeNull();
    expect(wayDown(REPORTS, LEDGER, row("PT1", "id"), { account: "131" })).toBeNull();
    expect(wayDown([PARTNERS], PARTNERS, row("KH001", "id-1"), { account: "131" })).toBeNull();
  });
});
