// Two forms side by side: what differs, what both began from, and which side changed it.
import { describe, expect, it } from "vitest";
import type { Body, Conflict, FieldSpec, VoucherSpec } from "../api/types";
import type { CellContext } from "./cell";
import { entryLines, sidesOf, voucherLines } from "./difference";

const field = (name: string, kind = "text"): FieldSpec =>
  ({ name, kind, label: name.toUpperCase(), among: [], group: "general", partner_kind: "" }) as unknown as FieldSpec;

const context: CellContext = {
  language: "vi",
  today: "2026-11-22",
  resolve: () => undefined,
  showCode: (_source, value) => value,
};

const form = (body: Body, more: object = {}) => ({
  ...{ author: "an", at: "2026-11-22T07:00:00Z", deleted: false, version: 1, revision: 1, act: "save" },
  ...{ body, ...more },
});

const VOUCHER = {
  header: [field("description"), field("number")],
  grids: [{ name: "lines", label: "Dòng", columns: [field("amount", "money")] }],
} as unknown as VoucherSpec;

describe("a voucher's two forms", () => {
  const base = { description: "Thu", lines: [{ amount: "1000" }] };
  const mine = { description: "Thu tiền", lines: [{ amount: "1000" }] };
  const theirs = { description: "Thu", lines: [{ amount: "2000" }, { amount: "5" }] };
  const differences = [
    { place: "description", theirs: "Thu", mine: "Thu tiền", by: "mine" },
    { place: "lines.1.amount", theirs: "2000", mine: "1000", by: "theirs" },
    { place: "lines.2", theirs: { amount: "5" }, mine: null, by: "theirs" },
  ];

  it("are told cell by cell, with the value before and the side that changed it", () => {
    const conflict = { winner: form(theirs), mine: form(mine), base: form(base), differences } as Conflict;
    expect(voucherLines(VOUCHER, sidesOf(conflict), context)).toEqual([
      { key: "description", label: "DESCRIPTION", mine: "Thu tiền", theirs: "Thu", base: "Thu", by: "mine" },
      { key: "lines.0.amount", label: "Dòng 1 · AMOUNT", mine: "1.000", theirs: "2.000", base: "1.000", by: "theirs" },
      { key: "lines.1.amount", label: "Dòng 2 · AMOUNT", mine: "", theirs: "5", base: "", by: "theirs" },
    ]);
  });

  it("tell by themselves which side changed what, where a save was stale and no server was asked", () => {
    const both = { description: "Thu khác", lines: [{ amount: "1000" }] };
    const sides = { mine: form(mine), theirs: form({ ...theirs, ...both }), base: form(base), differences: null };
    expect(voucherLines(VOUCHER, sides, context)).toEqual([
      { key: "description", label: "DESCRIPTION", mine: "Thu tiền", theirs: "Thu khác", base: "Thu", by: "both" },
    ]);
    const lines = voucherLines(VOUCHER, { ...sides, theirs: form(theirs) }, context);
    expect(lines.map((line) => [line.key, line.by])).toEqual([
      ["description", "mine"],
      ["lines.0.amount", "theirs"],
      ["lines.1.amount", "theirs"],
    ]);
  });

  it("are told without sides where nobody knows what they began from", () => {
    const conflict = { winner: form(theirs), mine: form(mine), base: null, differences } as Conflict;
    expect(voucherLines(VOUCHER, sidesOf(conflict), context).map((line) => line.by)).toEqual(["", "", ""]);
  });

  it("of which one is deleted: the other's own changes are told", () => {
    const gone = form(theirs, { deleted: true });
    const conflict = { winner: gone, mine: form(mine), base: form(base), differences: [] } as Conflict;
    const sides = sidesOf(conflict);
    expect(sides.theirs.body).toBe(null);
    expect(voucherLines(VOUCHER, sides, context)).toEqual([
      { key: "description", label: "DESCRIPTION", mine: "Thu tiền", theirs: "Thu", base: "Thu", by: "mine" },
    ]);
  });
});

describe("a catalog entry's two forms", () => {
  const fields = [field("code"), field("name"), field("active", "flag"), field("rates", "map")];
  const flag = (on: boolean) => (on ? "Có" : "Không");

  it("are told in the order of its attributes; flags in words; of rates by day only what is not alike", () => {
    const base = { code: "USD", name: "Đô la", active: true, rates: { "2026-01-05": "25000" } };
    const mine = { ...base, active: false, rates: { "2026-01-05": "25000", "2026-02-01": "25100" } };
    const theirs = { ...base, name: "Đô la Mỹ", note: "mới" };
    const differences = [
      { place: "active", theirs: true, mine: false, by: "mine" },
      { place: "rates", theirs: {}, mine: {}, by: "mine" },
      { place: "name", theirs: "Đô la Mỹ", mine: "Đô la", by: "theirs" },
      { place: "note", theirs: "mới", mine: undefined, by: "theirs" },
    ];
    const conflict = { winner: form(theirs), mine: form(mine), base: form(base), differences } as Conflict;
    expect(entryLines(fields, sidesOf(conflict), context, flag)).toEqual([
      { key: "name", label: "NAME", mine: "Đô la", theirs: "Đô la Mỹ", base: "Đô la", by: "theirs" },
      { key: "active", label: "ACTIVE", mine: "Không", theirs: "Có", base: "Có", by: "mine" },
      { key: "rates.2026-02-01", label: "RATES · 01/02/2026", mine: "25.100", theirs: "", base: "", by: "mine" },
      { key: "note", label: "note", mine: "", theirs: "mới", base: "", by: "theirs" },
    ]);
  });

  it("tell by themselves which side changed what, where a save was stale and no server was asked", () => {
    const base = { code: "USD", name: "Đô la", rates: { "2026-01-05": "25000" } };
    const mine = { ...base, rates: { "2026-01-05": "25000", "2026-02-01": "25100" } };
    const sides = {
      mine: form(mine),
      theirs: form({ ...base, name: "Đô la Mỹ" }),
      base: form(base),
      differences: null,
    };
    expect(entryLines(fields, sides, context, flag).map((line) => [line.key, line.by, line.base])).toEqual([
      ["name", "theirs", "Đô la"],
      ["rates.2026-02-01", "mine", ""],
    ]);
  });
});
