// The period one works in: a preset, or two days.
import { useState } from "react";
import { today, useBooks } from "../api/books";
import { useCells } from "../forms/cellcontext";
import { PeriodBoxes } from "../forms/choose";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { showDay } from "../kit/day";
import { PERIODS, type PeriodName, periodOf } from "../kit/period";
import { useLocale } from "../locale/locale";

const NO_FIELDS: never[] = [];

export function PeriodPicker() {
  const { period, setPeriod, spec } = useBooks();
  const { t } = useLocale();
  const { sources, context } = useCells(NO_FIELDS, null);
  const [own, setOwn] = useState<{ from: string; to: string } | null>(null);
  const accept = () => {
    if (own?.from && own.to && own.from <= own.to) {
      setPeriod({ name: "own", ...own });
      setOwn(null);
    }
  };
  return (
    <>
      <select
        className="topbox"
        value={period.name}
        aria-label={t("shell.period")}
        data-stop=""
        data-testid="choose-period"
        title={`${showDay(period.from)} – ${showDay(period.to)}`}
        onChange={(event) => {
          const name = event.target.value as PeriodName | "own";
          if (name === "own") setOwn({ from: period.from, to: period.to });
          else setPeriod({ name, ...periodOf(name, today(), String(spec.company.books_first_day ?? "")) });
        }}
      >
        {PERIODS.map((name) => (
          <option key={name} value={name}>
            {t(`period.${name}`)}
          </option>
        ))}
        <option value="own">
          {period.name === "own" ? `${showDay(period.from)} – ${showDay(period.to)}` : t("period.own")}
        </option>
      </select>
      {own ? (
        <Dialog title={t("shell.period")} onClose={() => setOwn(null)} onAccept={accept} size="sm">
          <div className="two">
            <PeriodBoxes
              from={own.from}
              to={own.to}
              onFrom={(from) => setOwn((now) => now && { ...now, from })}
              onTo={(to) => setOwn((now) => now && { ...now, to })}
              context={context}
              sources={sources}
            />
          </div>
          <div className="actions">
            <Button
              look="primary"
              run={accept}
              stop
              refused={own.from && own.to && own.from <= own.to ? "" : t("fault.DAY_INVALID")}
            >
              {t("act.apply")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
