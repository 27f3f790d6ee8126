import { describe, expect, it } from "vitest";
import { fold } from "../kit/fold";
import { rank } from "./catalogs";

const entry = (code: string, name: string) => ({ code, folded: fold(`${code} ${name}`), foldedCode: fold(code) });

describe("searching a catalog", () => {
  const entries = [
    entry("KH001", "Công ty Vật tư Điện Biên"),
    entry("KH002", "Công ty An Phú"),
    entry("KH0021", "Đại lý Phú An"),
    entry("PHU", "Cửa hàng Một"),
  ];
  const find = (text: string) => rank(entries, text, 10, () => true).map((item) => item.code);

  it("puts the very code first, then codes that begin so, then names", () => {
    expect(find("kh002")).toEqual(["KH002", "KH0021"]);
    expect(find("phu")).toEqual(["PHU", "KH002", "KH0021"]);
  });

  it("folds accents and takes words in any order", () => {
    expect(find("dien vat tu")).toEqual(["KH001"]);
    expect(find("đại")).toEqual(["KH0021"]);
    expect(find("xyz")).toEqual([]);
  });

  it("over 20,000 partners stays within a frame", () => {
    const many = Array.from({ length: 20_000 }, (_, index) =>
      entry(`KH${index}`, `Công ty Thương mại ${index} Phú Thọ`),
    );
    // The best of several rounds: what the work itself takes, whatever else the machine does.
    const rounds = Array.from({ length: 10 }, () => {
      const begun = performance.now();
      rank(many, "phu tho 199", 20, () => true);
      return performance.now() - begun;
    });
    expect(Math.min(...rounds)).toBeLessThan(16);
  });
});
