// Keys in, focus and cells out: the contract of the entry grid.
import { describe, expect, it } from "vitest";
import { chordOf } from "../keys/chord";
import { actFor, keymapFor } from "../keys/keymap";
import { readAmount } from "../kit/amount";
import { readDay } from "../kit/day";
import type { Column } from "./column";
import { gridKey } from "./keys";
import { filledRows, type GridContext, type GridState, ghostsOf, type Leaving, openGrid, step } from "./state";

const column = (name: string, kind: Column["kind"], more: Partial<Column> = {}): Column => ({
  name,
  kind,
  label: name,
  width: 10,
  required: false,
  repeat: true,
  readOnly: false,
  total: false,
  places: 0,
  source: "",
  lengthMax: 255,
  ...more,
});

const COLUMNS = [
  column("description", "text"),
  column("debit", "code"),
  column("credit", "code"),
  column("amount", "money", { repeat: false, total: true }),
  column("day", "day"),
];

const context: GridContext = {
  columns: COLUMNS,
  defaults: { description: "Thu nợ", debit: "1111", credit: "131" },
  read: (item, text, _row, above) => {
    if (item.kind === "money") return readAmount(text, item.places, "vi");
    if (item.kind === "day") {
      const day = readDay(text, "2026-11-22", above?.cells[item.name] ?? "");
      return day === null ? { fault: "DAY_INVALID" } : { value: day };
    }
    return { value: text };
  },
  balance: () => "750",
  rowsMax: 50,
};

/** Types into the grid: text is written, <Key> is pressed. */
function type(start: GridState, script: string, highlighted?: string): { state: GridState; left: Leaving | "" } {
  const keymap = keymapFor("standard");
  let state = start;
  let left: Leaving | "" = "";
  for (const token of script.match(/<[^>]+>|[^<]+/g) ?? []) {
    if (!token.startsWith("<")) {
      state = step(state, { type: "write", text: token }, context).state;
      continue;
    }
    const parts = token.slice(1, -1).split("+");
    const chord = chordOf({
      key: parts.at(-1) as string,
      ctrlKey: parts.includes("Ctrl"),
      altKey: parts.includes("Alt"),
      shiftKey: parts.includes("Shift"),
      metaKey: false,
    });
    const effect = gridKey(actFor(keymap, "grid", chord), state, { highlighted, caretAtStart: true, caretAtEnd: true });
    if (effect.kind === "step") {
      const after = step(state, effect.action, context);
      state = after.state;
      left = after.leave ?? "";
    }
  }
  return { state, left };
}

const place = (state: GridState) => [state.row, COLUMNS[state.column]?.name];

describe("Enter goes on", () => {
  it("from cell to cell and, at the row's end, to a new row", () => {
    const { state } = type(openGrid([]), "Bán hàng<Enter><Enter><Enter>1tr5<Enter>5<Enter>");
    expect(place(state)).toEqual([1, "description"]);
    expect(filledRows(state).map((row) => row.cells)).toEqual([
      { description: "Bán hàng", debit: "1111", credit: "131", amount: "1500000", day: "2026-11-05" },
    ]);
  });

  it("and leaves from an empty last row, but not from the first row, where everything begins", () => {
    expect(type(openGrid([]), "<Enter>").left).toBe("");
    const { state, left } = type(openGrid([{ amount: "1" }]), "<End><Enter><Enter>");
    expect([left, state.rows.length]).toEqual(["forward", 2]);
  });

  it("while Tab walks through an empty row's ghosts and leaves at its end", () => {
    const start = type(openGrid([{ amount: "1" }]), "<End><Tab>").state;
    expect(place(type(start, "<Tab><Tab><Tab>").state)).toEqual([1, "amount"]);
    expect(type(start, "<Tab><Tab><Tab><Tab><Tab>").left).toBe("forward");
  });

  it("and Shift+Enter goes back, out of the first cell too", () => {
    expect(place(type(openGrid([{ amount: "1" }]), "<End><Enter><Shift+Enter>").state)).toEqual([0, "day"]);
    expect(type(openGrid([]), "<Shift+Tab>").left).toBe("back");
  });

  it("accepts the highlighted suggestion of an open list", () => {
    const { state } = type(openGrid([]), "<Tab>13<Enter>", "131");
    expect([state.rows[0]?.cells.debit, place(state)]).toEqual(["131", [0, "credit"]]);
  });

  it("but not out of a cell that cannot be read: the text stays, the cell is marked", () => {
    const { state } = type(openGrid([]), "<Tab><Tab><Tab>abc<Enter>");
    expect([place(state), state.rows[0]?.wrong, state.draft]).toEqual([
      [0, "amount"],
      { amount: "AMOUNT_INVALID" },
      "abc",
    ]);
    expect(type(state, "<Escape>").state.rows[0]?.wrong).toEqual({});
  });
});

describe("a new row repeats the one above, as ghosts", () => {
  const start = type(
    openGrid([{ description: "Mua", debit: "156", credit: "331", amount: "9" }]),
    "<End><Enter>",
  ).state;

  it("except quantity and amount; a row of ghosts is empty", () => {
    expect(ghostsOf(start, 1, context)).toEqual({ description: "Mua", debit: "156", credit: "331" });
    expect(filledRows(start)).toHaveLength(1);
  });

  it("which the first keystroke makes its own", () => {
    const { state } = type(start, "<Tab><Tab><Tab>8<Enter>");
    expect(state.rows[1]?.cells).toEqual({ description: "Mua", debit: "156", credit: "331", amount: "8" });
  });

  it("and Esc gives back", () => {
    const typed = type(start, "Khác").state;
    expect(filledRows(typed)).toHaveLength(2);
    expect(filledRows(type(typed, "<Escape>").state)).toHaveLength(1);
  });

  it("the first row's ghosts are the reason's accounts and the header's description", () => {
    expect(ghostsOf(openGrid([]), 0, context)).toEqual(context.defaults);
  });
});

describe("editing keys", () => {
  const two = openGrid([
    { description: "Một", debit: "111", amount: "5" },
    { description: "Hai", amount: "6" },
  ]);

  it("Ctrl+D copies the cell above, and the whole row above an empty one", () => {
    expect(type(two, "<ArrowDown><Tab><Ctrl+d>").state.rows[1]?.cells).toEqual({
      description: "Hai",
      debit: "111",
      amount: "6",
    });
    const row = type(two, "<ArrowDown><ArrowDown><Ctrl+d>").state.rows[2]?.cells;
    expect(row).toEqual({ description: "Hai", amount: "6" });
  });

  it("Ctrl+R repeats the last description, Ctrl+B puts the balancing amount and stands on it", () => {
    const { state } = type(two, "<ArrowDown><ArrowDown><Tab><Ctrl+r><Ctrl+b>");
    expect([state.rows[2]?.cells.description, state.rows[2]?.cells.amount, place(state)]).toEqual([
      "Hai",
      "750",
      [2, "amount"],
    ]);
  });

  it("Ctrl+Insert and Ctrl+Delete insert and delete rows; one row always remains", () => {
    const inserted = type(two, "<ArrowDown><Ctrl+Insert>").state;
    expect(inserted.rows.map((row) => row.cells.description)).toEqual(["Một", undefined, "Hai", undefined]);
    const emptied = type(two, "<Ctrl+Delete><Ctrl+Delete><Ctrl+Delete><Ctrl+Delete>").state;
    expect([emptied.rows.length, emptied.row]).toEqual([1, 0]);
  });

  it("Esc closes the list, then undoes the cell, then leaves the lines", () => {
    let { state, left } = type(two, "<Tab>33");
    expect(state.listOpen).toBe(true);
    ({ state, left } = type(state, "<Escape>"));
    expect([state.listOpen, state.draft, left]).toEqual([false, "33", ""]);
    ({ state, left } = type(state, "<Escape>"));
    expect([state.draft, state.rows[0]?.cells.debit, left]).toEqual([null, "111", ""]);
    expect(type(state, "<Escape>").left).toBe("escape");
  });

  it("arrows move between cells until something is typed, then belong to the caret", () => {
    expect(place(type(two, "<ArrowRight><ArrowDown>").state)).toEqual([1, "debit"]);
    expect(place(type(two, "abc<ArrowRight>").state)).toEqual([0, "description"]);
    expect(type(two, "<F2>").state.mode).toBe("edit");
  });

  it("pasted rows are read cell by cell", () => {
    const { state } = step(
      two,
      {
        type: "paste",
        matrix: [
          ["Ba", "112", "331", "1tr5"],
          ["Bốn", "", "", "x"],
        ],
      },
      context,
    );
    expect(state.rows[0]?.cells).toEqual({ description: "Ba", debit: "112", credit: "331", amount: "1500000" });
    expect(state.rows[1]?.wrong).toEqual({ amount: "AMOUNT_INVALID" });
  });

  it("text is kept in NFC", () => {
    const { state } = type(openGrid([]), `${"Tiền".normalize("NFD")}<Enter>`);
    expect(state.rows[0]?.cells.description).toBe("Tiền".normalize("NFC"));
  });
});
