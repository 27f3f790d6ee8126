// Rates by day of a currency: a small table of day and rate, the newest first.
import { useState } from "react";
import type { Value } from "../api/types";
import { Button } from "../keys/button";
import { showNumber } from "../kit/amount";
import { showDay } from "../kit/day";
import { useLocale } from "../locale/locale";
import type { CellContext } from "./cell";
import { plainField } from "./cellcontext";
import { FieldBox } from "./fieldbox";
import type { Sources } from "./sources";

const SHOWN_MAX = 8;

export function RatesBox({
  label,
  value,
  context,
  sources,
  onChange,
}: {
  label: string;
  value: Value | undefined;
  context: CellContext;
  sources: Sources;
  onChange: (value: Record<string, string>) => void;
}) {
  const { t, language } = useLocale();
  const rates = (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}) as Record<
    string,
    string
  >;
  const [day, setDay] = useState(context.today);
  const [rate, setRate] = useState("");
  const add = () => {
    if (day && rate) onChange({ ...rates, [day]: rate });
    setRate("");
  };
  return (
    <div className="wide">
      <span className="label">{label}</span>
      <div className="row-flex" style={{ alignItems: "end" }}>
        <FieldBox
          field={plainField("day", t("sync.at"), "day")}
          value={day}
          context={context}
          sources={sources}
          onChange={setDay}
        />
        <FieldBox
          field={plainField("rate", t("list.amount"), "rate")}
          value={rate}
          context={context}
          sources={sources}
          onChange={(text, wrong) => setRate(wrong ? "" : text)}
          testid="rate"
        />
        <Button stop run={add} testid="rate-add">
          {t("act.new")}
        </Button>
      </div>
      <div className="soft" style={{ marginTop: 6 }}>
        {Object.entries(rates)
          .sort(([one], [other]) => (one < other ? 1 : -1))
          .slice(0, SHOWN_MAX)
          .map(([at, price]) => `${showDay(at)}: ${showNumber(price, language)}`)
          .join(" · ")}
      </div>
    </div>
  );
}
