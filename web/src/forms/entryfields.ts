// The attributes of a catalog's kind as fields of a form.
import type { AttributeSpec, CatalogKind, FieldSpec, Spec } from "../api/types";
import { plainField } from "./cellcontext";

const KINDS: Readonly<Record<string, string>> = {
  code: "text",
  text: "text",
  day: "day",
  choice: "choice",
  flag: "flag",
  count: "count",
  rate: "rate",
};

/** A catalog's attribute as a field of a form. */
export function fieldOf(attribute: AttributeSpec): FieldSpec {
  const reference = attribute.kind === "reference";
  return plainField(attribute.name, attribute.label, reference ? attribute.of : (KINDS[attribute.kind] ?? "text"), {
    required: attribute.required,
    length_max: attribute.length_max,
    among: attribute.among,
  });
}

/** The fields of a kind's form; what names a voucher type is chosen, never typed. */
export function fieldsOf(kind: CatalogKind, spec: Spec): FieldSpec[] {
  const types = spec.voucher_types.map((item) => ({ value: item.code, label: item.title }));
  return kind.attributes
    .filter((item) => item.kind !== "map")
    .map((item) => (item.name === "type" ? { ...fieldOf(item), kind: "choice", among: types } : fieldOf(item)));
}
