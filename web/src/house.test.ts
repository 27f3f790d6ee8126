// The rooms of the client and who may enter whom: kit <- keys <- grid <- forms <- lists, reports, settings <- app.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(process.cwd(), "src");
const FLOOR: Readonly<Record<string, number>> = {
  kit: 0,
  locale: 1,
  theme: 1,
  api: 2,
  keys: 2,
  grid: 3,
  forms: 4,
  lists: 5,
  reports: 5,
  settings: 5,
  app: 6,
};
const LINES_MAX = 500;
/** Rooms beside the tower: who may use what of them. The api never draws, keys never ask the server. */
const NEVER: readonly (readonly [string, string])[] = [
  ["api", "keys"],
  ["keys", "api"],
  ["grid", "api"],
  ["locale", "api"],
];

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesIn(join(folder, entry.name))
      : /\.tsx?$/.test(entry.name)
        ? [join(folder, entry.name)]
        : [],
  );
}

const files = filesIn(ROOT).map((path) => ({ path: path.slice(ROOT.length + 1), text: readFileSync(path, "utf8") }));
const roomOf = (path: string) => path.split("/")[0] ?? "";

describe("the client's house", () => {
  it("rooms are entered from above only", () => {
    const wrong: string[] = [];
    for (const { path, text } of files) {
      const room = roomOf(path);
      for (const [, other] of text.matchAll(/from "\.\.\/([a-z]+)\//g)) {
        const [own, its] = [FLOOR[room], FLOOR[other ?? ""]];
        if (own === undefined || its === undefined) continue;
        const sideways = own === its && room !== other;
        if (its > own || (sideways && own !== 1) || NEVER.some(([one, two]) => one === room && two === other))
          wrong.push(`${path} -> ${other}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("files stay readable", () => {
    const long = files.filter(({ text }) => text.split("\n").length > LINES_MAX + 1).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it("the logic of keys and grid knows no React", () => {
    const pure = [
      "keys/keymap.ts",
      "keys/chord.ts",
      "grid/state.ts",
      "grid/keys.ts",
      "grid/column.ts",
      "forms/derive.ts",
      "forms/draft.ts",
    ];
    const wrong = files
      .filter(({ path, text }) => pure.includes(path) && /from "(react|@mantine|@tanstack)/.test(text))
      .map(({ path }) => path);
    expect(wrong).toEqual([]);
  });

  it("prevents no key from writing its letter", () => {
    // Only acts of the keymap and named keys are taken away from the browser; a test of the keymap keeps letters out.
    const taking = files
      .filter(({ path, text }) => !path.includes(".test.") && /event\.key === "[a-z]"/.test(text))
      .map(({ path }) => path);
    expect(taking).toEqual([]);
  });
});
