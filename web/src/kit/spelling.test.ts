// The same rows as the servers' own spelling gives: what the screen says is what will be printed.
import { describe, expect, it } from "vitest";
import { spell } from "./spelling";

describe("amounts in words", () => {
  it.each([
    [0n, "Không đồng.", "Zero dong."],
    [15n, "Mười lăm đồng chẵn.", "Fifteen dong only."],
    [24n, "Hai mươi tư đồng chẵn.", "Twenty-four dong only."],
    [105n, "Một trăm linh năm đồng chẵn.", "One hundred and five dong only."],
    [1015n, "Một nghìn không trăm mười lăm đồng chẵn.", "One thousand and fifteen dong only."],
    [1000005n, "Một triệu không trăm linh năm đồng chẵn.", "One million and five dong only."],
    [2000000015n, "Hai tỷ không trăm mười lăm đồng chẵn.", "Two billion and fifteen dong only."],
    [1000000001000n, "Một nghìn tỷ không trăm linh một nghìn đồng chẵn.", "One trillion one thousand dong only."],
    [-500000n, "Âm năm trăm nghìn đồng chẵn.", "Minus five hundred thousand dong only."],
    [
      999999999999999n,
      "Chín trăm chín mươi chín nghìn chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm chín mươi chín nghìn chín trăm chín mươi chín đồng chẵn.",
      "Nine hundred and ninety-nine trillion nine hundred and ninety-nine billion nine hundred and ninety-nine million nine hundred and ninety-nine thousand nine hundred and ninety-nine dong only.",
    ],
  ] as const)("%s", (amount, vi, en) => {
    expect([spell(amount, "vi"), spell(amount, "en")]).toEqual([vi, en]);
  });
});
