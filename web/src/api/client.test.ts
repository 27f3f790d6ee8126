// What a refusal says on the screen.
import { describe, expect, it } from "vitest";
import { showMoment } from "../kit/day";
import { faultCure, faultSentence } from "./client";

describe("a fault's sentence", () => {
  it("tells moments by the clock on the wall, in the language of the screen", () => {
    const at = "2026-11-22T07:13:31.095Z";
    const fault = {
      code: "CONFLICT",
      field: "",
      detail_vi: `Nơi khác đã sửa, an, ${at}.`,
      detail_en: `Changed, an, ${at}.`,
    };
    expect(faultSentence(fault, "vi")).toBe(`Nơi khác đã sửa, an, ${showMoment(at)}.`);
    expect(faultSentence(fault, "en")).toBe(`Changed, an, ${showMoment(at)}.`);
    expect([faultSentence({ code: "X", field: "" }, "vi"), faultCure({ code: "X", field: "" }, "vi")]).toEqual([
      "X",
      "",
    ]);
  });
});
