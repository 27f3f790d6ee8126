// The two moments when two versions stand against each other: a stale save in one office, a conflict between offices.
import { useBooks } from "../api/books";
import type { Voucher, VoucherSpec } from "../api/types";
import { useLocale } from "../locale/locale";
import type { CellContext } from "./cell";
import { Compare } from "./compare";
import type { Stale } from "./saving";

interface StaleProps {
  readonly voucher: VoucherSpec;
  readonly context: CellContext;
  readonly stale: Stale;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
  readonly onApart: () => void;
  readonly onStay: () => void;
}

export function StaleChoice({ voucher, context, stale, onMine, onTheirs, onApart, onStay }: StaleProps) {
  const { session } = useBooks();
  const { t } = useLocale();
  return (
    <Compare
      voucher={voucher}
      context={context}
      mine={{ body: stale.mine, author: session.user, at: "" }}
      theirs={stale.theirs}
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
  readonly conflict: NonNullable<Voucher["conflict"]>;
  readonly onChoice: (choice: "theirs" | "mine" | "new") => void;
  readonly onClose: () => void;
}

export function ConflictChoice({ voucher, context, conflict, onChoice, onClose }: ConflictProps) {
  const { t } = useLocale();
  return (
    <Compare
      voucher={voucher}
      context={context}
      mine={conflict.mine}
      theirs={conflict.winner}
      title={t("conflict.title")}
      note={t("conflict.text")}
      onClose={onClose}
      choices={[
        { label: t("conflict.theirs"), testid: "resolve-theirs", run: () => onChoice("theirs") },
        { label: t("conflict.mine"), testid: "resolve-mine", run: () => onChoice("mine") },
        { label: t("conflict.new"), testid: "resolve-new", run: () => onChoice("new") },
      ]}
    />
  );
}
