// One grid of a voucher: the entry grid wired to the model. It hears its own state only.
import { useMemo, useRef } from "react";
import type { GridSpec } from "../api/types";
import type { Column, Row } from "../grid/column";
import { EntryGrid } from "../grid/entrygrid";
import { sumOf } from "../kit/decimal";
import { goRegion } from "../kit/focus";
import { useLocale } from "../locale/locale";
import { WORDS, type WordKey } from "../locale/words";
import { showField } from "./cell";
import type { FormProps } from "./formprops";
import { useDraft } from "./model";
import { catalogOf } from "./sources";

interface Props extends FormProps {
  readonly grid: GridSpec;
  readonly nextGrid: string;
  readonly onTab: (name: string) => void;
}

const NO_FAULTS: Readonly<Record<string, string>> = {};

/** What could not be read, as one text: most of the time there is nothing, and nothing need be drawn anew. */
function unread(rows: readonly Row[]): string {
  const found: [string, string][] = [];
  rows.forEach((row, index) => {
    for (const [column, code] of Object.entries(row.wrong)) found.push([`${index}.${column}`, code]);
  });
  return found.length ? JSON.stringify(found) : "";
}

export function VoucherGrid(props: Props) {
  const { model, sources, context, mode, faults, grid, nextGrid } = props;
  const { t } = useLocale();
  const state = useDraft(model, (draft) => draft.grids[grid.name]);
  useDraft(model, (draft) => draft.header); // ghosts and columns follow it
  const region = useRef<HTMLDivElement>(null);
  const shape = model.shape(grid.name);
  const columns = shape?.columns ?? [];
  const rows = state?.rows ?? [];
  const wrong = useMemo(() => unread(rows), [rows]);

  const shown = useMemo(() => {
    const found: Record<string, string> = {};
    const prefix = `${grid.name}.`;
    for (const [place, code] of (wrong ? JSON.parse(wrong) : []) as [string, string][]) {
      found[place] = `fault.${code}` in WORDS ? t(`fault.${code}` as WordKey) : code;
    }
    for (const [place, sentence] of Object.entries(faults)) {
      if (place.startsWith(prefix)) found[place.slice(prefix.length)] = sentence;
    }
    return Object.keys(found).length ? found : NO_FAULTS;
  }, [wrong, faults, grid.name, t]);
  const show = useMemo(() => {
    const fields = new Map((shape?.fields ?? []).map((field) => [field.name, field]));
    return (column: Column, value: string) => {
      const field = fields.get(column.name);
      return field ? showField(field, value, context) : value;
    };
  }, [shape, context]);
  const sums = useMemo(() => {
    const totals = columns.filter((column) => column.total);
    return Object.fromEntries(
      totals.map((column) => [
        column.name,
        sumOf(
          rows.map((row) => row.cells[column.name]),
          column.places,
        ),
      ]),
    );
  }, [columns, rows]);
  if (!state) return null;

  return (
    <div
      ref={region}
      role="group"
      aria-label={grid.label}
      data-region={`grid-${grid.name}`}
      style={{ display: "flex", flex: 1, minHeight: 150, flexDirection: "column" }}
      onKeyDown={(event) => {
        // F6 walks through the grids of the voucher before it leaves them.
        if (event.key === "F6" && nextGrid && mode === "edit") {
          event.preventDefault();
          event.stopPropagation();
          model.act(grid.name, { type: "commit" }); // an input that is taken away is never blurred
          props.onTab(nextGrid);
          requestAnimationFrame(() =>
            document.querySelector<HTMLElement>(`[data-region="grid-${nextGrid}"] [data-stop]`)?.focus(),
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
          if (!catalogOf(column.source)) return;
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
