// What cells need to read and show: the language, today, and where codes come from.
import { useMemo } from "react";
import { today, useBooks, useCatalogStamp } from "../api/books";
import type { FieldSpec, VoucherSpec } from "../api/types";
import { useLocale } from "../locale/locale";
import type { CellContext } from "./cell";
import { FILTER, Sources } from "./sources";

/** Sources and cell context for a set of fields. They are made anew when catalogs have changed, so that codes show. */
export function useCells(
  fields: readonly FieldSpec[],
  voucher: VoucherSpec | null,
): { sources: Sources; context: CellContext; stamp: number } {
  const { spec, catalogs } = useBooks();
  const { language } = useLocale();
  const stamp = useCatalogStamp();
  // The stamp says that catalogs hold something else now.
  return useMemo(() => {
    const sources = new Sources(spec, catalogs, voucher, fields);
    sources.load(fields);
    const context: CellContext = {
      language,
      today: today(),
      resolve: (source, text) => sources.resolve(source, text),
      showCode: (source, value) => sources.show(source, value),
    };
    return { sources, context, stamp };
  }, [spec, catalogs, voucher, fields, language, stamp]);
}

/** A field made on the spot, for filters and settings that no spec declares. */
export function plainField(name: string, label: string, kind = "text", more: Partial<FieldSpec> = {}): FieldSpec {
  return {
    name,
    kind,
    label,
    required: false,
    length_max: 255,
    default: "",
    among: [],
    partner_kind: "",
    fills: [],
    free: false,
    repeat: false,
    width: 12,
    group: FILTER,
    total: false,
    foreign_only: false,
    ...more,
  };
}

export function decimalsOf(currencies: readonly { code: string; decimals: number }[], currency: string): number {
  return currencies.find((item) => item.code === (currency || "VND"))?.decimals ?? 0;
}
