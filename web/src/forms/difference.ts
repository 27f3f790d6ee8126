// Two forms of one voucher or entry, field by field: both values, what both began from, and who changed it since.
import type { Body, Conflict, Difference, FieldSpec, Value, Version, VoucherSpec } from "../api/types";
import { showNumber } from "../kit/amount";
import { showDay } from "../kit/day";
import { type CellContext, showField } from "./cell";
import { BASE_CURRENCY } from "./draft";

/** One form: `body` is null where there is none; a deleted one stands for nothing but its deletion. */
export interface Side {
  readonly body: Body | null;
  readonly author: string;
  readonly at: string;
  readonly deleted?: boolean;
  /** What was done, where it was more than a change of the form: unpost, post … */
  readonly act?: string;
}

/** One place in which the two differ, in words. `by`: theirs | mine | both, "" where that cannot be known. */
export interface Line {
  readonly key: string;
  readonly label: string;
  readonly mine: string;
  readonly theirs: string;
  readonly base: string;
  readonly by: string;
}

/** Two forms and, where it is known, the one both began from, with who changed what since. */
export interface Sides {
  readonly mine: Side;
  readonly theirs: Side;
  readonly base: Side | null;
  /** As the server says; null where nobody was asked, and each value tells by what both began from. */
  readonly differences: readonly Difference[] | null;
}

/** A conflict as the server tells it. */
export function sidesOf(conflict: Conflict): Sides {
  const side = (form: Version): Side => ({ ...form, body: form.deleted ? null : form.body });
  const { winner, mine, base, differences } = conflict;
  return { mine: side(mine), theirs: side(winner), base: base && side(base), differences };
}

/** Beside a form that was deleted the other is set against what both began from: only its own changes show. */
function bodiesOf({ mine, theirs, base }: Sides): [Body, Body] {
  const began = base?.body ?? {};
  return [mine.body ?? began, theirs.body ?? began];
}

/** Who changed the cell at a place (`description`, `lines.3.amount`); `values`: mine, theirs, and what it was. */
type Author = (place: string, values: readonly string[]) => string;

function byValue([mine, theirs, was]: readonly string[]): string {
  if (mine === was) return theirs === was ? "" : "theirs";
  return theirs === was ? "mine" : "both";
}

/** As the server says, where it was asked; a row may be told whole. */
function authorOf({ base, mine, theirs, differences }: Sides): Author {
  if (!base) return () => "";
  if (!mine.body || !theirs.body) return () => (mine.body ? "mine" : "theirs");
  if (!differences) return (_place, values) => byValue(values);
  const found = new Map(differences.map((item) => [item.place, item.by]));
  return (place) => found.get(place) ?? found.get(place.split(".").slice(0, 2).join(".")) ?? "";
}

const text = (value: Value | undefined) => (value === undefined || value === null ? "" : String(value));
const rowsOf = (body: Body | null | undefined, grid: string) =>
  Array.isArray(body?.[grid]) ? (body[grid] as Body[]) : [];

/** Every field where two forms of a voucher differ, header first, then rows by number. */
export function voucherLines(voucher: VoucherSpec, sides: Sides, context: CellContext): Line[] {
  const [mine, theirs] = bodiesOf(sides);
  const by = authorOf(sides);
  const lines: Line[] = [];
  const compare = (field: FieldSpec, label: string, key: string, place: string, values: (Value | undefined)[]) => {
    const [left = "", right = "", was = ""] = values.map(text);
    const show = (value: string) => showField(field, value, context);
    if (left !== right)
      lines.push({
        key,
        label,
        mine: show(left),
        theirs: show(right),
        base: show(was),
        by: by(place, [left, right, was]),
      });
  };
  const base = sides.base?.body ?? {};
  for (const field of voucher.header) {
    const { name } = field;
    compare(field, field.label, name, name, [mine[name], theirs[name], base[name]]);
  }
  const foreign = [mine, theirs].some((body) => body.currency && body.currency !== BASE_CURRENCY);
  for (const grid of voucher.grids) {
    const [ours, others, began] = [mine, theirs, base].map((body) => rowsOf(body, grid.name)) as [
      Body[],
      Body[],
      Body[],
    ];
    for (let row = 0; row < Math.max(ours.length, others.length); row++) {
      for (const column of grid.columns) {
        if (column.foreign_only && !foreign && !ours[row]?.currency && !others[row]?.currency) continue; // follows from the amount
        const values = [ours, others, began].map((rows) => rows[row]?.[column.name]);
        const label = `${grid.label} ${row + 1} · ${column.label}`;
        compare(column, label, `${grid.name}.${row}.${column.name}`, `${grid.name}.${row + 1}.${column.name}`, values);
      }
    }
  }
  return lines;
}

const isMap = (value: Value | undefined): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every attribute where two forms of a catalog entry differ; of a table by keys (rates by day) only what is not alike. */
export function entryLines(
  fields: readonly FieldSpec[],
  sides: Sides,
  context: CellContext,
  flag: (on: boolean) => string,
): Line[] {
  const [mine, theirs] = bodiesOf(sides);
  const base = sides.base?.body ?? {};
  const by = authorOf(sides);
  const known = new Map(fields.map((field) => [field.name, field]));
  const show = (name: string, value: Value | undefined): string => {
    const field = known.get(name);
    if (typeof value === "boolean") return flag(value);
    if (value === undefined || value === null) return "";
    if (typeof value === "object") return JSON.stringify(value);
    return field ? showField(field, String(value), context) : String(value);
  };
  const priced = (value: Value | undefined) =>
    typeof value === "string" ? showNumber(value, context.language) : show("", value);
  const plain = (value: Value | undefined) => JSON.stringify(value ?? "");
  const alike = (one: Value | undefined, other: Value | undefined) => plain(one) === plain(other);
  const lines: Line[] = [];
  for (const name of new Set([...known.keys(), ...Object.keys(mine), ...Object.keys(theirs)])) {
    const [left, right, was] = [mine[name], theirs[name], base[name]];
    if (alike(left, right)) continue;
    const label = known.get(name)?.label ?? name;
    if (!isMap(left) && !isMap(right)) {
      lines.push({
        ...{ key: name, label, by: by(name, [left, right, was].map(plain)) },
        ...{ mine: show(name, left), theirs: show(name, right), base: show(name, was) },
      });
      continue;
    }
    const [ours, others, began] = [left, right, was].map((value) => (isMap(value) ? value : {})) as [Body, Body, Body];
    for (const key of [...new Set([...Object.keys(ours), ...Object.keys(others)])].sort()) {
      if (alike(ours[key], others[key])) continue;
      lines.push({
        ...{ key: `${name}.${key}`, label: `${label} · ${showDay(key)}` },
        by: by(name, [ours[key], others[key], began[key]].map(plain)),
        ...{ mine: priced(ours[key]), theirs: priced(others[key]), base: priced(began[key]) },
      });
    }
  }
  return lines;
}
