import { describe, expect, it } from "vitest";
import { readAmount, readRate, showNumber } from "./amount";
import { addMonths, readDay, showDay } from "./day";
import { convertToDong, sumOf } from "./decimal";
import { fold } from "./fold";
import { makeIdent } from "./ident";
import { periodOf } from "./period";

describe("amounts are read as accountants type them", () => {
  it.each([
    ["1500000", "1500000"],
    ["1.500.000", "1500000"],
    ["1,500,000", "1500000"],
    ["1tr5", "1500000"],
    ["1tr25", "1250000"],
    ["2,5tr", "2500000"],
    ["2.5tr", "2500000"],
    ["150k", "150000"],
    ["150 nghìn", "150000"],
    ["3 triệu", "3000000"],
    ["1ty2", "1200000000"],
    ["1 tỷ 200 tr", "1200000000"],
    ["1tr500k", "1500000"],
    ["500.000đ", "500000"],
    ["-250k", "-250000"],
    ["(250k)", "-250000"],
    ["=12*350000", "4200000"],
    ["=12*350.000+1tr5", "5700000"],
    ["=(100+50)*2-1", "299"],
    ["=100/3", "33"],
    ["=200/3", "67"],
    ["=-5*2", "-10"],
    ["", ""],
  ])("%s is %s đồng", (typed, value) => {
    expect(readAmount(typed, 0, "vi")).toEqual({ value });
  });

  it.each([
    ["1e6", "AMOUNT_INVALID"],
    ["một triệu", "AMOUNT_INVALID"],
    ["1k5tr", "AMOUNT_INVALID"],
    ["=1/0", "AMOUNT_INVALID"],
    ["=1+", "AMOUNT_INVALID"],
    ["1.2.3", "AMOUNT_INVALID"],
    ["1234.567", "AMOUNT_INVALID"],
    ["25,450", "AMOUNT_FRACTIONAL"],
    ["1000,5", "AMOUNT_FRACTIONAL"],
    ["2000000000000000", "AMOUNT_TOO_LARGE"],
  ])("%s is refused with %s", (typed, fault) => {
    expect(readAmount(typed, 0, "vi")).toEqual({ fault });
  });

  it("keeps the minor units of a foreign currency, and never loses a digit of a large one", () => {
    expect(readAmount("12.5", 2, "vi")).toEqual({ value: "12.50" });
    expect(readAmount("1.234,56", 2, "vi")).toEqual({ value: "1234.56" });
    expect(readAmount("999999999999999", 0, "vi")).toEqual({ value: "999999999999999" });
    expect(sumOf(["999999999999999", "1", "", undefined], 0)).toBe("1000000000000000");
  });

  it("reads rates and converts halves away from zero", () => {
    expect(readRate("25.450", "vi")).toEqual({ value: "25450" });
    expect(readRate("25450,5", "vi")).toEqual({ value: "25450.5" });
    expect(readRate("0", "vi")).toEqual({ fault: "RATE_INVALID" });
    expect(convertToDong("10.50", "25450.5")).toBe("267230"); // 267230,25
    expect(convertToDong("-0.50", "3")).toBe("-2"); // -1,5
  });
});

describe("figures are read back as the screen's language writes them, never silently as another magnitude", () => {
  it.each([
    ["25,450", "en", "25450"],
    ["25.450", "en", "25.45"],
    ["25450.5", "en", "25450.5"],
    ["25,450.50", "en", "25450.5"],
    ["1,500k", "en", "1500000"],
    ["=2*25,450", "en", "50900"],
    ["25.450", "vi", "25450"],
    ["25,450", "vi", "25.45"],
    ["25.450,5", "vi", "25450.5"],
    ["0.450", "vi", "0.45"],
    ["0,450", "en", "0.45"],
    ["12.5", "vi", "12.5"], // a numeric keypad has one mark
    ["12,5", "en", "12.5"],
    ["1,234.56", "vi", "1234.56"], // one reading is left
    ["1.234,56", "en", "1234.56"],
    ["1.500.000", "en", "1500000"],
  ] as const)("%s typed in %s is %s", (typed, language, value) => {
    expect(readRate(typed, language)).toEqual({ value });
  });

  it.each([
    ["1234,567", "en"],
    ["1234.567", "vi"],
    ["1,23,456", "en"],
    ["1.234.5", "vi"],
    ["0,450,000", "en"],
    [",", "en"],
  ] as const)("%s typed in %s could be one figure or another: it is not read", (typed, language) => {
    expect(readRate(typed, language)).toEqual({ fault: "RATE_INVALID" });
  });

  it("whatever is shown is read back the same", () => {
    for (const language of ["vi", "en"] as const)
      for (const wire of ["1.234", "12.345", "999.500", "1234.5", "1234567.891", "25450", "1000", "0.125"]) {
        const plain = wire.replace(/(\.\d*?)0+$/, "$1");
        expect(readRate(showNumber(wire, language), language)).toEqual({ value: plain });
        expect(readAmount(showNumber(`-${wire}`, language, { brackets: true }), 3, language)).toEqual(
          readAmount(showNumber(`-${wire}`, language), 3, language),
        );
      }
  });
});

describe("figures are written with dot thousands and comma decimals", () => {
  it("in both languages, with zero and negatives by option", () => {
    expect(showNumber("1234567.5", "vi")).toBe("1.234.567,5");
    expect(showNumber("1234567.5", "en")).toBe("1,234,567.5");
    expect(showNumber("-500", "vi", { brackets: true })).toBe("(500)");
    expect(showNumber("0", "vi", { zeroBlank: true })).toBe("");
    expect(showNumber("0.00", "vi")).toBe("0,00");
  });
});

describe("days are typed short", () => {
  const today = "2026-11-22";
  it.each([
    ["5", "", "2026-11-05"],
    ["5", "2026-03-31", "2026-03-05"],
    ["5/1", "", "2026-01-05"],
    ["5/1/25", "", "2025-01-05"],
    ["05/01/2026", "", "2026-01-05"],
    ["5-1", "", "2026-01-05"],
    ["0501", "", "2026-01-05"],
    ["050126", "", "2026-01-05"],
    ["05012026", "", "2026-01-05"],
    ["+", "2026-12-31", "2027-01-01"],
    ["-", "", "2026-11-21"],
    ["+3", "", "2026-11-25"],
    ["t", "2026-01-01", today],
    ["2026-02-28", "", "2026-02-28"],
    ["", "2026-01-01", ""],
  ])("%s from %s is %s", (typed, current, day) => {
    expect(readDay(typed, today, current)).toBe(day);
  });
  it.each(["31/2", "0", "32", "5/13", "abc", "1/1/1889", "1/2/3/4"])("%s is no day", (typed) => {
    expect(readDay(typed, today)).toBeNull();
  });
  it("months end where they end, and people read dd/mm/yyyy", () => {
    expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
    expect(showDay("2026-01-05")).toBe("05/01/2026");
  });
  it("offers periods", () => {
    expect(periodOf("month", today)).toEqual({ from: "2026-11-01", to: "2026-11-30" });
    expect(periodOf("last_month", "2026-01-31")).toEqual({ from: "2025-12-01", to: "2025-12-31" });
    expect(periodOf("quarter", today)).toEqual({ from: "2026-10-01", to: "2026-12-31" });
    expect(periodOf("all", today, "2026-01-01")).toEqual({ from: "2025-12-31", to: "2026-12-31" });
  });
});

describe("search folds accents", () => {
  it("makes one word of “vật tư” and “vat tu”, of đ and d", () => {
    expect(fold("  Đặng  Thị ÁNH")).toBe("dang thi anh");
    expect(fold("Vật tư")).toBe(fold("vat tu"));
  });
});

describe("identities", () => {
  it("are UUIDv7: ordered by time, version and variant in place", () => {
    const [early, late] = [makeIdent(1_700_000_000_000), makeIdent(1_800_000_000_000)];
    expect(early < late).toBe(true);
    expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
