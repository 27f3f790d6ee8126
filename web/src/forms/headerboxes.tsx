// The header of a voucher: what it is about at the left, its number and days at the right, all from the spec.
import { useQueries } from "@tanstack/react-query";
import { memo, useMemo, useRef } from "react";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import type { Body, FieldSpec, VoucherRow } from "../api/types";
import type { Option } from "../grid/column";
import { showNumber } from "../kit/amount";
import { showDay } from "../kit/day";
import { enterGoesOn } from "../kit/focus";
import { useLocale } from "../locale/locale";
import { BranchSelect } from "./choose";
import { FieldBox } from "./fieldbox";
import type { FormProps } from "./formprops";
import { useDraft } from "./model";
import { catalogOf, sourceOf } from "./sources";

interface Similar {
  readonly id: string;
  readonly description: string;
  readonly partner_name: string;
  readonly total: string;
  readonly body: Body;
}

const NUMBERS_MAX = 12;

/** Numbers of the vouchers these boxes name. */
function useNumbers(ids: readonly string[]): ReadonlyMap<string, string> {
  const { tenant, path } = useBooks();
  const found = useQueries({
    queries: ids.map((id) => ({
      queryKey: [tenant, "voucher", id, "number"],
      queryFn: () => get<{ number: string }>(path(`/vouchers/${id}`)),
    })),
  });
  return new Map(ids.map((id, index) => [id, found[index]?.data?.number ?? "…"]));
}

/** How much of a row of twelve a box takes: names and texts are wide, codes and counts are not. */
function spanOf(field: FieldSpec): number {
  if (field.kind === "count") return 3;
  return field.kind === "text" && field.width >= 30 ? 8 : 4;
}

const ROW = 12;

/** The boxes' widths, row by row; a box left over at the end moves up where the row before can make room for it. */
function spansOf(fields: readonly FieldSpec[]): readonly number[] {
  const rows: number[][] = [[]];
  for (const field of fields) {
    const span = spanOf(field);
    const row = rows.at(-1) ?? [];
    if (row.reduce((sum, own) => sum + own, span) > ROW) rows.push([span]);
    else row.push(span);
  }
  const [before, last] = rows.slice(-2);
  if (rows.length > 1 && before && last?.length === 1 && (last[0] ?? 0) <= 4) {
    const joined = [...before, ...last];
    if (joined.length === 4) rows.splice(-2, 2, [3, 3, 3, 3]);
    if (joined.length === 3) rows.splice(-2, 2, [...before.map((span) => (span > 4 ? 6 : 3)), 3]);
  }
  return rows.flat();
}

export const HeaderBoxes = memo(function HeaderBoxes(props: FormProps) {
  const { voucher, model, sources, context, mode, faults } = props;
  const { spec, path, word } = useBooks();
  const { t, language } = useLocale();
  const header = useDraft(model, (draft) => draft.header);
  const wrong = useDraft(model, (draft) => draft.wrong);
  const rest = useDraft(model, (draft) => draft.rest);
  const past = useRef(new Map<string, Body>());
  const { foreign, places } = model;
  const named = voucher.header.filter((field) => field.kind === "voucher").map((field) => header[field.name] ?? "");
  const numbers = useNumbers(named.filter(Boolean));

  const regions = useMemo(() => {
    const shown = voucher.header.filter(
      (field) => (!field.foreign_only || foreign) && (field.kind !== "currency" || voucher.foreign),
    );
    const names = [...new Set(shown.map((field) => field.group))].filter((name) => name !== "document");
    return {
      main: names.map((name) => {
        const fields = shown.filter((field) => field.group === name);
        return { name, fields, spans: spansOf(fields) };
      }),
      document: shown.filter((field) => field.group === "document"),
    };
  }, [voucher, foreign]);

  const askNumbers = async (text: string, signal: AbortSignal): Promise<readonly Option[]> => {
    const page = await get<{ items: VoucherRow[] }>(path(`/vouchers${query({ q: text, limit: NUMBERS_MAX })}`), signal);
    return page.items.map((row) => ({
      value: row.id,
      code: row.number,
      name: row.description,
      hint: showDay(row.accounting_date),
    }));
  };
  const askSimilar = async (text: string, signal: AbortSignal): Promise<readonly Option[]> => {
    const found = await get<Similar[]>(path(`/suggest${query({ type: voucher.code, text })}`), signal);
    past.current = new Map(found.map((item) => [item.id, item.body]));
    return found.map((item) => ({
      value: item.id,
      code: "",
      name: item.description,
      hint: `${item.partner_name} · ${showNumber(item.total, language)}`,
    }));
  };
  const takeSimilar = (field: FieldSpec, option: Option) => {
    model.setHeader(field, option.name, "");
    const body = past.current.get(option.value);
    if (body && props.isNew) model.fillEmpty(body);
  };

  const box = (field: FieldSpec, shape: string, autoFocus = false) => {
    const open = mode === "edit" || (mode === "quick" && field.free);
    const suggests = field.kind === "text" && field.name === "description" && open;
    const expected = field.name === "number" && props.expectedNumber;
    return (
      <FieldBox
        key={field.name}
        field={field}
        value={header[field.name] ?? ""}
        places={places}
        context={context}
        sources={sources}
        readOnly={!open}
        wrong={wrong[field.name]}
        fault={faults[field.name]}
        className={shape}
        testid={`field-${field.name}`}
        autoFocus={autoFocus}
        placeholder={expected ? `${expected} (${t("voucher.expected")})` : ""}
        onChange={(value, fault) => model.setHeader(field, value, fault)}
        onCreate={
          open && catalogOf(sourceOf(field))
            ? (source, text) => props.onCreate(source, text, (id) => model.setHeader(field, id, ""))
            : undefined
        }
        shownAs={field.kind === "voucher" ? numbers.get(header[field.name] ?? "") : undefined}
        asyncOptions={field.kind === "voucher" ? askNumbers : suggests ? askSimilar : undefined}
        onTake={suggests ? (option) => takeSimilar(field, option) : undefined}
      />
    );
  };
  const first = regions.main[0]?.fields[0] ?? regions.document[0];

  return (
    <div className="form-top">
      <div className="regions">
        {regions.main.map((region) => (
          <fieldset
            key={region.name}
            className="panel region"
            style={{ margin: 0 }}
            data-region={`header-${region.name}`}
          >
            <legend className="visually-hidden">{word(["group", region.name], region.name)}</legend>
            {region.fields.map((field, index) =>
              box(field, `s${region.spans[index]}`, mode === "edit" && props.isNew && field === first),
            )}
          </fieldset>
        ))}
      </div>
      <fieldset
        className="panel region document"
        style={{ margin: 0 }}
        data-region="header-document"
        onKeyDown={enterGoesOn}
      >
        <legend className="visually-hidden">{word(["group", "document"], t("voucher.region.document"))}</legend>
        {props.isNew && spec.branches.length > 1 ? (
          <BranchSelect
            className="wide"
            label={word(["field", "branch"], t("shell.branch"))}
            value={String(rest.branch ?? "")}
            onChange={(branch) => model.setRest({ branch })}
            testid="field-branch"
          />
        ) : null}
        {regions.document.map((field) => box(field, sourceOf(field) && field.kind !== "currency" ? "wide" : ""))}
        {spec.books.length > 1 ? (
          <label className="wide">
            <span className="label">{word(["field", "books"], t("voucher.books"))}</span>
            <select
              className="box"
              disabled={mode !== "edit"}
              value={Array.isArray(rest.books) ? rest.books.join("+") : ""}
              onChange={(event) => model.setRest({ books: event.target.value.split("+") })}
              data-stop={mode === "edit" ? "" : undefined}
              data-testid="field-books"
            >
              {spec.books.map((name) => (
                <option key={name} value={name}>
                  {word(["book", name], name)}
                </option>
              ))}
              <option value={spec.books.join("+")}>{t("voucher.both_books")}</option>
            </select>
          </label>
        ) : null}
      </fieldset>
    </div>
  );
});
