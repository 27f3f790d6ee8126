// The two moments when two versions stand against each other: a stale save in one office, a conflict between offices.
import { useBooks } from "../api/books";
import type { Conflict, VoucherSpec } from "../api/types";
import { useLocale } from "../locale/locale";
import type { CellContext } from "./cell";
import { Compare } from "./compare";
import { type Side, type Sides, sidesOf, voucherLines } from "./difference";
import type { Stale } from "./saving";

interface StaleProps {
  readonly voucher: VoucherSpec;
  readonly context: CellContext;
  readonly stale: Stale;
  /** What the form began from. */
  readonly base: Side | null;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
  readonly onApart: () => void;
  readonly onStay: () => void;
}

export function StaleChoice({ voucher, context, stale, base, onMine, onTheirs, onApart, onStay }: StaleProps) {
  const { session } = useBooks();
  const { t } = useLocale();
  const mine = { body: stale.mine, author: session.user, at: "" };
  const sides: Sides = { mine, theirs: stale.theirs, base, differences: null };
  return (
    <Compare
      sides={sides}
      lines={voucherLines(voucher, sides, context)}
      title={t("stale.title")}
      note={t("stale.text")}
      onClose={onStay}
      choices={[
        { label: t("conflict.mine"), testid: "stale-mine", primary: true, run: onMine },
        { label: t("stale.theirs"), testid: "stale-theirs", run: onTheirs },
        { label: t("conflict.new"), testid: "stale-new", run: onApart },
        { label: t("voucher.stay"), testid: "stale-stay", run: onStay },
      ]}
    />
  );
}

interface ConflictProps {
  readonly voucher: VoucherSpec;
  readonly context: CellContext;
  readonly conflict: Conflict;
  readonly onChoice: (choice: "theirs" | "mine" | "new") => void;
  readonly onClose: () => void;
}

export function ConflictChoice({ voucher, context, conflict, onChoice, onClose }: ConflictProps) {
  const { t } = useLocale();
  const sides = sidesOf(conflict);
  return (
    <Compare
      sides={sides}
      lines={voucherLines(voucher, sides, context)}
      title={t("conflict.title")}
      note={t("conflict.text")}
      onClose={onClose}
      choices={[
        {
          label: t(sides.theirs.body ? "conflict.theirs" : "conflict.theirs_gone"),
          testid: "resolve-theirs",
          run: () => onChoice("theirs"),
        },
        {
          label: t(sides.mine.body ? "conflict.mine" : "conflict.mine_gone"),
          testid: "resolve-mine",
          run: () => onChoice("mine"),
        },
        ...(sides.mine.body ? [{ label: t("conflict.new"), testid: "resolve-new", run: () => onChoice("new") }] : []),
      ]}
    />
  );
}
