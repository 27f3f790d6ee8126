// How a field of the spec is read and shown: the five kinds of cell over the spec's many. Pure but for what it is given.
import type { FieldSpec } from "../api/types";
import type { CellKind, Column } from "../grid/column";
import type { Reading } from "../grid/state";
import { type Language, readAmount, readRate, showNumber } from "../kit/amount";
import { readDay, showDay } from "../kit/day";
import { sourceOf } from "./sources";

export interface CellContext {
  readonly language: Language;
  readonly today: string;
  readonly resolve: (source: string, text: string) => string | undefined;
  readonly showCode: (source: string, value: string) => string;
}

const COUNT_MAX = 9_999;

export function cellKind(field: FieldSpec): CellKind {
  if (field.kind === "money" || field.kind === "vnd" || field.kind === "rate" || field.kind === "count") return "money";
  if (field.kind === "day") return "day";
  const source = sourceOf(field);
  return source.startsWith("choice:") ? "choice" : source ? "code" : "text";
}

/** The grid's column for a field; `places` are the decimals of the voucher's currency. */
export function columnOf(field: FieldSpec, places: number): Column {
  return {
    name: field.name,
    kind: cellKind(field),
    label: field.label,
    width: field.width,
    required: field.required,
    repeat: field.repeat,
    readOnly: false,
    total: field.total,
    places: field.kind === "money" ? places : 0,
    source: sourceOf(field),
    lengthMax: field.length_max,
  };
}

/** What was typed into a field, as the value to keep, or the code of what is wrong with it. */
export function readField(
  field: FieldSpec,
  places: number,
  text: string,
  current: string,
  context: CellContext,
): Reading {
  const typed = text.normalize("NFC").trim();
  if (typed === "") return { value: "" };
  switch (field.kind) {
    case "money":
      return readAmount(typed, places, context.language);
    case "vnd":
      return readAmount(typed, 0, context.language);
    case "rate":
      return readRate(typed, context.language);
    case "count":
      return /^\d{1,4}$/.test(typed) && Number(typed) <= COUNT_MAX
        ? { value: String(Number(typed)) }
        : { fault: "COUNT_INVALID" };
    case "day": {
      const day = readDay(typed, context.today, current);
      return day === null ? { fault: "DAY_INVALID" } : { value: day };
    }
    default: {
      const source = sourceOf(field);
      if (source) {
        const value = context.resolve(source, typed);
        return value === undefined
          ? { fault: source.startsWith("choice:") ? "CHOICE_INVALID" : "CODE_UNKNOWN" }
          : { value };
      }
      return typed.length > field.length_max ? { fault: "TEXT_TOO_LONG" } : { value: typed };
    }
  }
}

/** A value as people read it. */
export function showField(field: FieldSpec, value: string, context: CellContext): string {
  if (value === "") return "";
  if (field.kind === "money" || field.kind === "vnd" || field.kind === "rate")
    return showNumber(value, context.language);
  if (field.kind === "day") return showDay(value);
  const source = sourceOf(field);
  return source ? context.showCode(source, value) : value;
}
