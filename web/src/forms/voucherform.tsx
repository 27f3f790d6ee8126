// The boxes and grids of a voucher, laid out from its spec. It shows a model; acts and saving are the screen's.
import { useMemo, useRef, useState } from "react";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import type { Body, FieldSpec, VoucherRow, VoucherSpec } from "../api/types";
import type { Column, Option } from "../grid/column";
import { EntryGrid } from "../grid/entrygrid";
import { filledRows } from "../grid/state";
import { showNumber } from "../kit/amount";
import { showDay } from "../kit/day";
import { sumOf, writeScaled } from "../kit/decimal";
import { goRegion } from "../kit/focus";
import { spell } from "../kit/spelling";
import { useLocale } from "../locale/locale";
import { WORDS, type WordKey } from "../locale/words";
import { type CellContext, showField } from "./cell";
import { totalsOf } from "./derive";
import { BASE_CURRENCY } from "./draft";
import { FieldBox } from "./fieldbox";
import type { GridModel, Model } from "./model";
import { catalogOf, type Sources, sourceOf } from "./sources";

interface Props {
  readonly voucher: VoucherSpec;
  readonly model: Model;
  readonly sources: Sources;
  readonly context: CellContext;
  readonly stamp: number;
  /** Which boxes are open: all, those that do not post, or none. */
  readonly mode: "view" | "edit" | "quick";
  readonly provisionalNumber: string;
  readonly isNew: boolean;
  /** Sentences by place ("number", "lines.0.amount"), places as they stand on the screen. */
  readonly faults: Readonly<Record<string, string>>;
  readonly onCreate: (source: string, text: string, done: (id: string) => void) => void;
  readonly onLeaveLines: () => void;
  readonly onEscape: () => void;
}

/** How much of a row of twelve a box takes: names and texts are wide, codes and counts are not. */
function spanOf(field: FieldSpec): string {
  if (field.group === "document") return sourceOf(field) && field.kind !== "currency" ? "wide" : "";
  if (field.kind === "count") return "s3";
  return field.kind === "text" && field.width >= 30 ? "s8" : "s4";
}

interface Similar {
  id: string;
  number: string;
  accounting_date: string;
  description: string;
  partner_name: string;
  total: string;
  body: Body;
}

export function VoucherForm(props: Props) {
  const { voucher, model, sources, context, mode, faults } = props;
  const { spec, path, word } = useBooks();
  const { t, language } = useLocale();
  const [tab, setTab] = useState(voucher.grids[0]?.name ?? "");
  const past = useRef(new Map<string, Body>());
  const { draft } = model;

  const regions = useMemo(() => {
    const shown = voucher.header.filter(
      (field) => (!field.foreign_only || model.foreign) && (field.kind !== "currency" || voucher.foreign),
    );
    const names = [...new Set(shown.map((field) => field.group))].filter((name) => name !== "document");
    // What the voucher is about comes first, its numbers and days stand beside it.
    return {
      main: names.map((name) => ({ name, fields: shown.filter((field) => field.group === name) })),
      document: shown.filter((field) => field.group === "document"),
    };
  }, [voucher, model.foreign]);

  const askNumbers = async (text: string, signal: AbortSignal): Promise<readonly Option[]> => {
    const page = await get<{ items: VoucherRow[] }>(path(`/vouchers${query({ q: text, limit: 12 })}`), signal);
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

  const box = (field: FieldSpec, autoFocus = false) => {
    const open = mode === "edit" || (mode === "quick" && field.free);
    const suggests = field.kind === "text" && field.name === "description" && open;
    const isVoucher = field.kind === "voucher";
    return (
      <FieldBox
        key={field.name}
        field={field}
        value={draft.header[field.name] ?? ""}
        places={model.places}
        context={context}
        sources={sources}
        readOnly={!open}
        wrong={draft.wrong[field.name]}
        fault={faults[field.name]}
        className={spanOf(field)}
        testid={`field-${field.name}`}
        autoFocus={autoFocus}
        placeholder={
          field.name === "number" && props.provisionalNumber
            ? `${props.provisionalNumber} (${t("voucher.provisional")})`
            : ""
        }
        onChange={(value, wrong) => model.setHeader(field, value, wrong)}
        onCreate={
          open
            ? (source, text) =>
                catalogOf(source) && props.onCreate(source, text, (id) => model.setHeader(field, id, ""))
            : undefined
        }
        asyncOptions={isVoucher ? askNumbers : suggests ? askSimilar : undefined}
        onTake={suggests ? (option) => takeSimilar(field, option) : undefined}
      />
    );
  };

  const active = model.grids.find((item) => item.grid.name === tab) ?? model.grids[0];
  const totals = totalsOf(voucher, draft.grids);
  const single = voucher.postings.some((posting) => posting.single);
  const difference = totals.debit - totals.credit;
  const countOf = (name: string) => {
    const state = draft.grids[name];
    return state ? filledRows(state).length : 0;
  };
  const faultsIn = (name: string) => Object.keys(faults).filter((place) => place.startsWith(`${name}.`)).length;
  const first = regions.main[0]?.fields[0] ?? regions.document[0];

  return (
    <>
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
              {region.fields.map((field) => box(field, mode === "edit" && props.isNew && field === first))}
            </fieldset>
          ))}
        </div>
        <fieldset className="panel region document" style={{ margin: 0 }} data-region="header-document">
          <legend className="visually-hidden">{word(["group", "document"], t("voucher.region.document"))}</legend>
          {props.isNew && spec.branches.length > 1 ? (
            <label className="wide">
              <span className="label">{word(["field", "branch"], t("shell.branch"))}</span>
              <select
                className="box"
                value={String(draft.rest.branch ?? "")}
                onChange={(event) => model.setRest({ branch: event.target.value })}
                data-stop=""
                data-testid="field-branch"
              >
                {spec.branches.map((item) => (
                  <option key={item.id} value={item.id}>
                    {item.name || item.code}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
          {regions.document.map((field) => box(field))}
          {spec.books.length > 1 ? (
            <label className="wide">
              <span className="label">{word(["field", "books"], t("voucher.books"))}</span>
              <select
                className="box"
                disabled={mode !== "edit"}
                value={Array.isArray(draft.rest.books) ? draft.rest.books.join("+") : ""}
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

      {model.grids.length > 1 ? (
        <div className="tabs" role="tablist" aria-label={t("voucher.lines")}>
          {model.grids.map(({ grid }) => (
            <button
              key={grid.name}
              type="button"
              role="tab"
              aria-selected={grid.name === active?.grid.name}
              data-testid={`tab-${grid.name}`}
              onClick={() => setTab(grid.name)}
              onKeyDown={(event) => {
                const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
                const buttons = [...(event.currentTarget.parentElement?.querySelectorAll("button") ?? [])];
                const next = buttons[buttons.indexOf(event.currentTarget) + by];
                if (by && next) {
                  event.preventDefault();
                  next.focus();
                  next.click();
                }
              }}
            >
              {grid.label}
              {faultsIn(grid.name) ? (
                <span className="count bad">!{faultsIn(grid.name)}</span>
              ) : (
                <span className="count">{countOf(grid.name) || ""}</span>
              )}
            </button>
          ))}
        </div>
      ) : null}
      {active ? (
        <VoucherGrid key={active.grid.name} {...props} item={active} tab={active.grid.name} onTab={setTab} />
      ) : null}

      <div className="footer" data-testid="totals">
        {single ? (
          <>
            <span>
              {t("voucher.debit_total")}{" "}
              <span className="sum figure">{showNumber(writeScaled(totals.debit, 0), language)}</span>
            </span>
            <span>
              {t("voucher.credit_total")}{" "}
              <span className="sum figure">{showNumber(writeScaled(totals.credit, 0), language)}</span>
            </span>
            <span
              className={`mark ${difference === 0n ? "good" : "bad"}`}
              data-testid="balance-mark"
              data-balanced={difference === 0n}
            >
              {difference === 0n
                ? `✓ ${t("voucher.balanced")}`
                : `${t("voucher.difference")} ${showNumber(writeScaled(difference, 0), language)}`}
            </span>
          </>
        ) : (
          <>
            <span>
              {t("voucher.total")}{" "}
              <span className="sum figure" data-testid="total">
                {showNumber(writeScaled(totals.total, 0), language)}
              </span>{" "}
              {BASE_CURRENCY}
            </span>
            <span className="words" data-testid="in-words">
              {totals.total !== 0n ? spell(totals.total, language) : ""}
            </span>
          </>
        )}
      </div>
    </>
  );
}

/** One grid of the voucher, wired to the model. */
function VoucherGrid(props: Props & { item: GridModel; tab: string; onTab: (name: string) => void }) {
  const { model, sources, context, mode, faults, item } = props;
  const { t } = useLocale();
  const { grid, fields, columns } = item;
  const state = model.draft.grids[grid.name];
  const region = useRef<HTMLDivElement>(null);
  const fieldOf = useMemo(() => new Map(fields.map((field) => [field.name, field])), [fields]);
  const shown = useMemo(() => {
    const found: Record<string, string> = {};
    const prefix = `${grid.name}.`;
    state?.rows.forEach((row, index) => {
      for (const [column, code] of Object.entries(row.wrong))
        found[`${index}.${column}`] = `fault.${code}` in WORDS ? t(`fault.${code}` as WordKey) : code;
    });
    for (const [place, sentence] of Object.entries(faults))
      if (place.startsWith(prefix)) found[place.slice(prefix.length)] = sentence;
    return found;
  }, [state, faults, grid.name, t]);
  const show = useMemo(
    () => (column: Column, value: string) => {
      const field = fieldOf.get(column.name);
      return field ? showField(field, value, context) : value;
    },
    [fieldOf, context],
  );
  if (!state) return null;
  const sums = Object.fromEntries(
    columns
      .filter((column) => column.total)
      .map((column) => [
        column.name,
        sumOf(
          state.rows.map((row) => row.cells[column.name]),
          column.places,
        ),
      ]),
  );
  const next = model.grids[model.grids.indexOf(item) + 1];

  return (
    <div
      ref={region}
      role="group"
      aria-label={grid.label}
      data-region={`grid-${grid.name}`}
      style={{ display: "flex", flex: 1, minHeight: 150, flexDirection: "column" }}
      onKeyDown={(event) => {
        // F6 walks through the grids of the voucher before it leaves them.
        if (event.key === "F6" && next && mode === "edit") {
          event.preventDefault();
          event.stopPropagation();
          model.act(grid.name, { type: "commit" }); // an input that is taken away is never blurred
          props.onTab(next.grid.name);
          requestAnimationFrame(() =>
            document.querySelector<HTMLElement>(`[data-region="grid-${next.grid.name}"] [data-stop]`)?.focus(),
          );
        }
      }}
    >
      <EntryGrid
        label={grid.label}
        testid={`grid-${grid.name}`}
        columns={columns}
        state={state}
        readOnly={mode !== "edit"}
        stamp={props.stamp}
        ghosts={(row) => model.ghosts(grid.name, row)}
        show={show}
        search={(column, text) => (column.source ? sources.search(column.source, text) : [])}
        dispatch={(action) => {
          const left = model.act(grid.name, action);
          if (left === "forward") props.onLeaveLines();
          else if (left === "back" && region.current) goRegion(region.current, -1, false);
          else if (left === "escape") props.onEscape();
        }}
        onCreate={(column, text) => {
          if (catalogOf(column.source))
            props.onCreate(column.source, text, (id) => model.act(grid.name, { type: "put", value: id }));
        }}
        faults={shown}
        sums={sums}
        nothingFound={t("grid.nothing_found")}
        rowWord={t("grid.row")}
      />
    </div>
  );
}
