// A voucher on the screen, laid out from its spec: header boxes, a tab per grid, totals. Acts and saving are the screen's.
import { memo, useMemo, useState } from "react";
import type { VoucherSpec } from "../api/types";
import { filledRows } from "../grid/state";
import { showNumber } from "../kit/amount";
import { writeScaled } from "../kit/decimal";
import { spell } from "../kit/spelling";
import { useLocale } from "../locale/locale";
import { totalsOf } from "./derive";
import { BASE_CURRENCY } from "./draft";
import type { FormProps } from "./formprops";
import { HeaderBoxes } from "./headerboxes";
import { useDraft, type VoucherModel } from "./model";
import { VoucherGrid } from "./vouchergrid";

export const VoucherForm = memo(function VoucherForm(props: FormProps) {
  const { voucher, model, faults } = props;
  const [tab, setTab] = useState(voucher.grids[0]?.name ?? "");
  const active = voucher.grids.find((grid) => grid.name === tab) ?? voucher.grids[0];
  const next = voucher.grids[active ? voucher.grids.indexOf(active) + 1 : 0];
  return (
    <>
      <HeaderBoxes {...props} />
      {voucher.grids.length > 1 ? (
        <GridTabs
          voucher={voucher}
          model={model}
          faults={faults}
          tab={active?.name ?? ""}
          viewing={props.mode === "view"}
          onTab={setTab}
        />
      ) : null}
      {active ? (
        <VoucherGrid key={active.name} {...props} grid={active} nextGrid={next?.name ?? ""} onTab={setTab} />
      ) : null}
      <Totals voucher={voucher} model={model} />
    </>
  );
});

interface TabsProps {
  readonly voucher: VoucherSpec;
  readonly model: VoucherModel;
  readonly faults: Readonly<Record<string, string>>;
  readonly tab: string;
  /** Nothing is typed: the tab itself is where F6 leads. In an edit it leads from grid to grid. */
  readonly viewing: boolean;
  readonly onTab: (name: string) => void;
}

function GridTabs({ voucher, model, faults, tab, viewing, onTab }: TabsProps) {
  const { t } = useLocale();
  // A text, so that typing within a row changes nothing here.
  const counts = useDraft(model, (draft) =>
    voucher.grids
      .map((grid) => (draft.grids[grid.name] ? filledRows(draft.grids[grid.name] as never).length : 0))
      .join(" "),
  ).split(" ");
  const faultsIn = (name: string) => Object.keys(faults).filter((place) => place.startsWith(`${name}.`)).length;
  const onKeyDown = (event: React.KeyboardEvent<HTMLButtonElement>) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const buttons = [...(event.currentTarget.parentElement?.querySelectorAll("button") ?? [])];
    const next = buttons[buttons.indexOf(event.currentTarget) + by];
    if (by && next) {
      event.preventDefault();
      next.focus();
      next.click();
    }
  };
  return (
    <div className="tabs" role="tablist" aria-label={t("voucher.lines")} data-region={viewing ? "tabs" : undefined}>
      {voucher.grids.map((grid, index) => (
        <button
          key={grid.name}
          type="button"
          role="tab"
          aria-selected={grid.name === tab}
          tabIndex={grid.name === tab ? 0 : -1}
          data-stop={viewing && grid.name === tab ? "" : undefined}
          data-testid={`tab-${grid.name}`}
          onClick={() => onTab(grid.name)}
          onKeyDown={onKeyDown}
        >
          {grid.label}
          {faultsIn(grid.name) ? (
            <span className="count bad">!{faultsIn(grid.name)}</span>
          ) : (
            <span className="count">{counts[index] === "0" ? "" : counts[index]}</span>
          )}
        </button>
      ))}
    </div>
  );
}

function Totals({ voucher, model }: { voucher: VoucherSpec; model: VoucherModel }) {
  const { t, language } = useLocale();
  const rows = useRows(voucher, model);
  const totals = useMemo(() => totalsOf(voucher, model.draft.grids), [voucher, model, ...rows]);
  const amount = (value: bigint) => showNumber(writeScaled(value, 0), language);
  const difference = totals.debit - totals.credit;
  if (voucher.postings.some((posting) => posting.single)) {
    return (
      <div className="footer" data-testid="totals">
        <span>
          {t("voucher.debit_total")} <span className="sum figure">{amount(totals.debit)}</span>
        </span>
        <span>
          {t("voucher.credit_total")} <span className="sum figure">{amount(totals.credit)}</span>
        </span>
        <span
          className={`mark ${difference === 0n ? "good" : "bad"}`}
          data-testid="balance-mark"
          data-balanced={difference === 0n}
        >
          {difference === 0n ? `✓ ${t("voucher.balanced")}` : `${t("voucher.difference")} ${amount(difference)}`}
        </span>
      </div>
    );
  }
  return (
    <div className="footer" data-testid="totals">
      <span>
        {t("voucher.total")}{" "}
        <span className="sum figure" data-testid="total">
          {amount(totals.total)}
        </span>{" "}
        {BASE_CURRENCY}
      </span>
      <span className="words" data-testid="in-words">
        {totals.total !== 0n ? spell(totals.total, language) : ""}
      </span>
    </div>
  );
}

/** The rows of every grid: new only when a cell was taken, not while one is being typed in. */
function useRows(voucher: VoucherSpec, model: VoucherModel): readonly unknown[] {
  useDraft(model, (draft) => draft.grids);
  return voucher.grids.map((grid) => model.draft.grids[grid.name]?.rows);
}
