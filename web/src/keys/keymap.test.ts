import { describe, expect, it } from "vitest";
import { chordOf, isComposing, type KeyPress } from "./chord";
import { ACTS, actFor, clashes, keymapFor, PRESETS } from "./keymap";

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  ...more,
});

describe("the keymap", () => {
  it.each(Object.keys(PRESETS))("uses no key twice in a scope (%s)", (preset) => {
    expect(clashes(keymapFor(preset))).toEqual([]);
  });

  it("refuses a person's change that clashes", () => {
    expect(clashes(keymapFor("standard", { "grid.copy_above": ["Ctrl+B"] }))).toEqual([
      "grid Ctrl+B: copy_above, balance",
    ]);
  });

  it("gives one F-key one meaning everywhere, but for F5 and its reports", () => {
    const meanings = new Map<string, Set<string>>();
    for (const act of ACTS) {
      for (const key of act.keys.filter((name) => /^F\d+$/.test(name))) {
        meanings.set(key, (meanings.get(key) ?? new Set()).add(act.id));
      }
    }
    const several = [...meanings].filter(([, ids]) => ids.size > 1).map(([key]) => key);
    expect(several).toEqual(["F5"]); // Nạp: a report is loaded anew by running it
  });

  it("never takes a printable key, but Space in lists where nothing is typed", () => {
    const bare = ACTS.flatMap((act) => act.keys.map((key) => [act.scope, key] as const)).filter(
      ([, key]) => !/Ctrl|Alt/.test(key) && /^(Shift\+)?(.|Space)$/.test(key),
    );
    expect(bare).toEqual([["list", "Space"]]);
  });

  it("gives every act behind a browser's own key (Ctrl+N, T, W) a tab-safe key first", () => {
    for (const act of ACTS) expect(act.keys[0] ?? "").not.toMatch(/^Ctrl\+[NTW]$/);
  });

  it("has words in both languages, and each id once in a scope", () => {
    for (const act of ACTS) expect([act.vi.length > 0, act.en.length > 0]).toEqual([true, true]);
    expect(new Set(ACTS.map((act) => `${act.scope}.${act.id}`)).size).toBe(ACTS.length);
  });

  it("looks acts up by scope", () => {
    const keymap = keymapFor("standard");
    expect(actFor(keymap, "grid", "Ctrl+D")).toBe("copy_above");
    expect(actFor(keymapFor("misa"), "grid", "Ctrl+D")).toBe("delete_row");
    expect(actFor(keymap, "list", "Ctrl+D")).toBe("");
  });
});

describe("key presses", () => {
  it("are named in one order, whatever the layout", () => {
    expect(chordOf(press("s", { ctrlKey: true }))).toBe("Ctrl+S");
    expect(chordOf(press("Enter", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+Shift+Enter");
    expect(chordOf(press("đ", { altKey: true, code: "KeyG" }))).toBe("Alt+G");
    expect(chordOf(press("ArrowDown", { altKey: true }))).toBe("Alt+Down");
  });
  it("of an input method belong to it", () => {
    expect(isComposing(press("a", { isComposing: true }))).toBe(true);
    expect(isComposing(press("Process"))).toBe(true);
    expect(isComposing(press("a", { keyCode: 229 }))).toBe(true);
    expect(isComposing(press("a", { keyCode: 65 }))).toBe(false);
  });
});
