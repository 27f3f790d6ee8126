// Two versions of one voucher side by side, field by field: for a stale save and for a conflict between offices.
import type { ReactNode } from "react";
import { useBooks } from "../api/books";
import type { Body, FieldSpec, Value, VoucherSpec } from "../api/types";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { showMoment } from "../kit/day";
import { useLocale } from "../locale/locale";
import { type CellContext, showField } from "./cell";
import { BASE_CURRENCY } from "./draft";

export interface Side {
  readonly body: Body | null;
  readonly author: string;
  readonly at: string;
}

export interface Choice {
  readonly label: string;
  readonly testid: string;
  readonly run: () => void;
  readonly primary?: boolean;
}

interface Line {
  readonly key: string;
  readonly label: string;
  readonly mine: string;
  readonly theirs: string;
}

const text = (value: Value | undefined) => (value === undefined || value === null ? "" : String(value));

/** Every field where the two differ, header first, then rows by number. */
export function differences(voucher: VoucherSpec, mine: Body, theirs: Body, context: CellContext): Line[] {
  const lines: Line[] = [];
  const compare = (field: FieldSpec, label: string, key: string, one: Value | undefined, other: Value | undefined) => {
    const [left, right] = [text(one), text(other)];
    if (left !== right)
      lines.push({ key, label, mine: showField(field, left, context), theirs: showField(field, right, context) });
  };
  for (const field of voucher.header) compare(field, field.label, field.name, mine[field.name], theirs[field.name]);
  const foreign = [mine, theirs].some((body) => body.currency && body.currency !== BASE_CURRENCY);
  for (const grid of voucher.grids) {
    const [ours, others] = [mine, theirs].map((body) =>
      Array.isArray(body[grid.name]) ? (body[grid.name] as Body[]) : [],
    );
    const count = Math.max(ours?.length ?? 0, others?.length ?? 0);
    for (let row = 0; row < count; row++) {
      for (const column of grid.columns) {
        if (column.foreign_only && !foreign && !ours?.[row]?.currency && !others?.[row]?.currency) continue; // follows from the amount
        compare(
          column,
          `${grid.label} ${row + 1} · ${column.label}`,
          `${grid.name}.${row}.${column.name}`,
          ours?.[row]?.[column.name],
          others?.[row]?.[column.name],
        );
      }
    }
  }
  return lines;
}

export function Compare({
  voucher,
  context,
  mine,
  theirs,
  title,
  note,
  choices,
  onClose,
}: {
  voucher: VoucherSpec;
  context: CellContext;
  mine: Side;
  theirs: Side;
  title: string;
  note: ReactNode;
  choices: readonly Choice[];
  onClose: () => void;
}) {
  const { t } = useLocale();
  const { word } = useBooks();
  const lines = differences(voucher, mine.body ?? {}, theirs.body ?? {}, context);
  const head = (label: string, side: Side) => (
    <th>
      {label}
      <div className="soft" style={{ fontWeight: 400 }}>
        {[side.author, showMoment(side.at)].filter(Boolean).join(", ")}
      </div>
    </th>
  );
  return (
    <Dialog title={title} onClose={onClose} size="xl" testid="compare">
      <p style={{ marginTop: 0 }}>{note}</p>
      <div style={{ maxHeight: "50vh", overflow: "auto" }}>
        <table className="compare" data-testid="compare-table">
          <thead>
            <tr>
              <th>{t("conflict.field")}</th>
              {head(t("conflict.my_column"), mine)}
              {head(t("conflict.their_column"), theirs)}
            </tr>
          </thead>
          <tbody>
            {theirs.body === null || mine.body === null ? (
              <tr className="differs">
                <td>{word(["act", "delete"], t("act.delete"))}</td>
                <td>{mine.body === null ? t("list.deleted") : "—"}</td>
                <td>{theirs.body === null ? t("list.deleted") : "—"}</td>
              </tr>
            ) : null}
            {lines.map((line) => (
              <tr key={line.key} className="differs">
                <td>{line.label}</td>
                <td>{line.mine || "—"}</td>
                <td>{line.theirs || "—"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="actions">
        {choices.map((choice) => (
          <Button
            key={choice.testid}
            stop
            first={choice === choices[0]}
            look={choice.primary ? "primary" : undefined}
            run={choice.run}
            testid={choice.testid}
          >
            {choice.label}
          </Button>
        ))}
      </div>
    </Dialog>
  );
}
