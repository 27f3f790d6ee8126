// What follows from what was typed, and that a body survives the form unharmed.
import { describe, expect, it } from "vitest";
import type { FieldSpec, VoucherSpec } from "../api/types";
import { openGrid } from "../grid/state";
import { type CellContext, readField, showField } from "./cell";
import { balancingAmount, defaultOf, deriveRow, fillsOf, onlyDetails, pairOf, repair, taxOf, totalsOf } from "./derive";
import { bodyOf, isChanged, openDraft, placeOnScreen, wrongPlaces } from "./draft";

const field = (name: string, kind = "text", more: Partial<FieldSpec> = {}): FieldSpec => ({
  name,
  kind,
  label: name,
  required: false,
  length_max: 20,
  default: "",
  among: [],
  partner_kind: "",
  fills: [],
  free: false,
  repeat: true,
  width: 10,
  group: "general",
  total: false,
  foreign_only: false,
  ...more,
});

const LINES = {
  name: "lines",
  label: "",
  kind: "lines",
  rows_min: 1,
  columns: [
    field("description"),
    field("debit_account", "account"),
    field("credit_account", "account"),
    field("amount", "money", { total: true }),
    field("amount_vnd", "vnd", { foreign_only: true }),
  ],
};

const SAMPLE = {
  code: "sample",
  header: [
    field("number"),
    field("currency", "currency"),
    field("rate", "rate"),
    field("copies", "count"),
    field("urgent", "flag"),
  ],
  grids: [LINES],
  postings: [{ grid: "lines", amount: "amount", converted: "amount_vnd", single: false, in_total: true }],
} as unknown as VoucherSpec;

const context: CellContext = {
  language: "vi",
  today: "2026-11-22",
  resolve: (_source, text) => (text === "131" ? "131" : undefined),
  showCode: (_source, value) => value,
};

describe("a voucher's body", () => {
  const body = {
    type: "sample",
    branch: "b1",
    books: ["financial"],
    number: "PT00001",
    currency: "USD",
    rate: "25450",
    copies: 2,
    urgent: true,
    lines: [
      { description: "Bán hàng", debit_account: "1112", credit_account: "131", amount: "10.50", amount_vnd: "267225" },
    ],
  };

  it("comes out of the form as it went in", () => {
    const draft = openDraft(SAMPLE, body);
    expect(bodyOf(SAMPLE, draft)).toEqual(body);
    expect(isChanged(SAMPLE, draft)).toBe(false);
  });

  it("leaves out empty rows, empty values and converted amounts beside đồng", () => {
    const draft = openDraft(SAMPLE, { ...body, currency: "VND", number: "" });
    expect(bodyOf(SAMPLE, draft)).toEqual({
      ...Object.fromEntries(Object.entries(body).filter(([name]) => name !== "number")),
      currency: "VND",
      lines: [{ description: "Bán hàng", debit_account: "1112", credit_account: "131", amount: "10.50" }],
    });
    expect(isChanged(SAMPLE, { ...draft, header: { ...draft.header, number: "PT2" } })).toBe(true);
  });

  it("finds a server's line among the rows on the screen, empty ones between them too", () => {
    const draft = openDraft(SAMPLE, { lines: [{ amount: "1" }, {}, { amount: "2" }] });
    expect(placeOnScreen(draft, "lines.2.amount")).toBe("lines.2.amount"); // the second filled row is the third shown
    expect(placeOnScreen(draft, "number")).toBe("number");
    expect(wrongPlaces({ ...draft, wrong: { rate: "RATE_INVALID" } })).toEqual({ rate: "RATE_INVALID" });
  });
});

describe("a field", () => {
  it("is read by its kind", () => {
    expect(readField(field("a", "money"), 2, "1tr5", "", context)).toEqual({ value: "1500000.00" });
    expect(readField(field("a", "day"), 0, "5/1", "", context)).toEqual({ value: "2026-01-05" });
    expect(readField(field("a", "count"), 0, "3", "", context)).toEqual({ value: "3" });
    expect(readField(field("a", "count"), 0, "3,5", "", context)).toEqual({ fault: "COUNT_INVALID" });
    expect(readField(field("debit_account", "account"), 0, "131", "", context)).toEqual({ value: "131" });
    expect(readField(field("debit_account", "account"), 0, "999", "", context)).toEqual({ fault: "CODE_UNKNOWN" });
    expect(readField(field("a"), 0, "x".repeat(21), "", context)).toEqual({ fault: "TEXT_TOO_LONG" });
  });
  it("is shown as people read it", () => {
    expect(showField(field("a", "money"), "1500000", context)).toBe("1.500.000");
    expect(showField(field("a", "day"), "2026-01-05", context)).toBe("05/01/2026");
  });
});

describe("what follows", () => {
  const row = (cells: Record<string, string>) => ({ key: 1, cells, wrong: {} });

  it("tax is the net amount at its rate, half up; letters bear none", () => {
    expect([taxOf("1000005", "10"), taxOf("-1000005", "10"), taxOf("1000", "KCT"), taxOf("", "10")]).toEqual([
      "100001",
      "-100001",
      "0",
      "",
    ]);
  });

  it("an account takes the only fund there is where it carries one, and none that was chosen is changed", () => {
    const grid = { ...LINES, columns: [field("account", "account"), field("fund", "fund")] };
    const only = { fund: "QUY" };
    expect(onlyDetails(grid, only, row({ account: "1111" }), "account", ["fund"])).toEqual({ fund: "QUY" });
    expect(onlyDetails(grid, only, row({ account: "4111" }), "account", ["partner"])).toEqual({});
    expect(onlyDetails(grid, only, row({ account: "1111", fund: "Q2" }), "account", ["fund"])).toEqual({});
    expect(onlyDetails(grid, only, row({ account: "1111" }), "fund", ["fund"])).toEqual({});
  });

  it("foreign money is converted at the header's rate", () => {
    const header = { currency: "USD", rate: "25450.5" };
    expect(deriveRow(LINES, header, () => undefined, row({ amount: "10.50" }), "amount", "")).toEqual({
      amount_vnd: "267230",
    });
    expect(deriveRow(LINES, { currency: "VND" }, () => undefined, row({ amount: "10" }), "amount", "")).toEqual({
      amount_vnd: "",
    });
  });

  it("a chosen partner fills empty boxes and those the partner before filled, never what a person typed", () => {
    const partner = field("partner", "partner", {
      fills: [
        { field: "name", attribute: "name" },
        { field: "address", attribute: "address" },
      ],
    });
    const entries: Record<string, Record<string, string>> = {
      one: { name: "An", address: "Hà Nội" },
      two: { name: "Bình", address: "Huế" },
    };
    const attributes = (_kind: string, id: string) => entries[id];
    expect(fillsOf(partner, "one", "", {}, attributes)).toEqual({ name: "An", address: "Hà Nội" });
    expect(fillsOf(partner, "two", "one", { name: "An", address: "Số 5 Lê Lợi" }, attributes)).toEqual({
      name: "Bình",
    });
  });

  it("a new reason changes the pair of rows that had the old one's, and no other", () => {
    const roles = { cash: "1111", receivable: "131", advance: "141" };
    const reason = (debit: string, credit: string) => ({
      code: "",
      label: "",
      debit,
      credit,
      partner_kind: "",
      cash_flow: "",
    });
    const state = openGrid([
      { debit_account: "1111", credit_account: "131" },
      { debit_account: "1111", credit_account: "711" },
    ]);
    const after = repair(state, pairOf(reason("cash", "receivable"), roles), pairOf(reason("cash", "advance"), roles));
    expect(after.rows.slice(0, 2).map((item) => item.cells.credit_account)).toEqual(["141", "711"]);
  });

  it("money in a foreign currency has accounts of its own, where the regime tells them apart", () => {
    const roles = { cash: "1111", cash_foreign: "1112", receivable: "131" };
    const reason = { code: "", label: "", debit: "cash", credit: "receivable", partner_kind: "", cash_flow: "01" };
    expect(pairOf(reason, roles, "USD")).toEqual({ debit: "1112", credit: "131", cashFlow: "01" });
    expect(pairOf(reason, roles, "VND").debit).toBe("1111");
    expect(defaultOf(field("a", "account", { default: "role:cash" }), { currency: "USD" }, roles, "")).toBe("1112");
  });

  it("totals add up by grid, and the balancing amount closes an account that money passes through", () => {
    const grids = {
      lines: openGrid([
        { debit_account: "131", credit_account: "511", amount: "900" },
        { debit_account: "1111", credit_account: "131" },
      ]),
    };
    expect(totalsOf(SAMPLE, grids)).toEqual({ debit: 900n, credit: 900n, total: 900n });
    expect(balancingAmount(SAMPLE, grids, "lines", grids.lines.rows, 1, "amount", 0)).toBe("900");
    expect(balancingAmount(SAMPLE, grids, "lines", grids.lines.rows, 0, "amount", 0)).toBe("");
  });

  it("single-sided rows are balanced over the whole voucher", () => {
    const spec = {
      ...SAMPLE,
      postings: [{ grid: "lines", amount: "", converted: "", single: true, in_total: true }],
    } as VoucherSpec;
    const grids = { lines: openGrid([{ debit_amount: "700" }, { credit_amount: "200" }, {}]) };
    expect(balancingAmount(spec, grids, "lines", grids.lines.rows, 2, "credit_amount", 0)).toBe("500");
    expect(balancingAmount(spec, grids, "lines", grids.lines.rows, 2, "debit_amount", 0)).toBe("");
  });
});
