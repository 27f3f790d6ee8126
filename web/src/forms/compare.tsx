// Two forms side by side, field by field: for a stale save, and for a conflict about a voucher or a catalog entry.
import type { ReactNode } from "react";
import { useBooks } from "../api/books";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { showMoment } from "../kit/day";
import { Icon } from "../kit/icon";
import { useLocale } from "../locale/locale";
import type { Line, Side, Sides } from "./difference";

export interface Choice {
  readonly label: string;
  readonly testid: string;
  readonly run: () => void;
  readonly primary?: boolean;
}

interface Props {
  readonly sides: Sides;
  readonly lines: readonly Line[];
  readonly title: string;
  readonly note: ReactNode;
  readonly choices: readonly Choice[];
  readonly onClose: () => void;
  /** A choice that needs something typed, behind the others. */
  readonly children?: ReactNode;
}

/** Acts that say no more than the two forms do. */
const FORM_ACTS = new Set(["save", "quick_edit", "delete"]);

/** A value, marked where this side changed it: with a pencil and its word, never by colour alone. */
function Cell({ text, changed }: { text: string; changed: boolean }) {
  const { t } = useLocale();
  return (
    <td className={changed ? "changed" : undefined}>
      {changed ? (
        <span title={t("conflict.changed")}>
          <Icon name="pencil" />
          <span className="visually-hidden">{t("conflict.changed")}</span>
        </span>
      ) : null}
      {text || "—"}
    </td>
  );
}

function Head({ label, side }: { label: string; side: Side }) {
  return (
    <th>
      {label}
      <div className="soft" style={{ fontWeight: 400 }}>
        {[side.author, showMoment(side.at)].filter(Boolean).join(", ")}
      </div>
    </th>
  );
}

export function Compare({ sides, lines, title, note, choices, onClose, children }: Props) {
  const { t } = useLocale();
  const { word } = useBooks();
  const { mine, theirs, base } = sides;
  const gone = (side: Side) => (side.body === null ? t("list.deleted") : "—");
  const isChanged = (line: Line, side: string) => line.by === side || line.by === "both";
  return (
    <Dialog title={title} onClose={onClose} size="xl" testid="compare">
      <p style={{ marginTop: 0 }}>{note}</p>
      <div style={{ maxHeight: "50vh", overflow: "auto" }}>
        <table className={`compare sides ${base ? "known" : ""}`} data-testid="compare-table">
          <thead>
            <tr>
              <th>{t("conflict.field")}</th>
              {base ? <Head label={t("conflict.base_column")} side={base} /> : null}
              <Head label={t("conflict.my_column")} side={mine} />
              <Head label={t("conflict.their_column")} side={theirs} />
            </tr>
          </thead>
          <tbody>
            {mine.body === null || theirs.body === null ? (
              <tr className="differs" data-testid="compare-deleted">
                <td>{word(["act", "delete"], t("act.delete"))}</td>
                {base ? <td>—</td> : null}
                <Cell text={gone(mine)} changed={mine.body === null} />
                <Cell text={gone(theirs)} changed={theirs.body === null} />
              </tr>
            ) : null}
            {mine.act && !FORM_ACTS.has(mine.act) ? (
              <tr className="differs">
                <td>{t("sync.act")}</td>
                {base ? <td>—</td> : null}
                <Cell text={word(["act", mine.act], mine.act)} changed />
                <Cell text="" changed={false} />
              </tr>
            ) : null}
            {lines.map((line) => (
              <tr key={line.key} className="differs" data-testid="compare-line" data-by={line.by}>
                <td>{line.label}</td>
                {base ? <td className="soft">{line.base || "—"}</td> : null}
                <Cell text={mine.body ? line.mine : ""} changed={isChanged(line, "mine")} />
                <Cell text={theirs.body ? line.theirs : ""} changed={isChanged(line, "theirs")} />
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
        {children}
      </div>
    </Dialog>
  );
}
