// What the server says about this voucher now: in flight, failed, in conflict, mistakes of the last save.

import { useBooks } from "../api/books";
import type { ToldFault } from "../api/faults";
import type { FaultAnswer, Voucher, VoucherSpec } from "../api/types";
import { Button } from "../keys/button";
import { showMoment } from "../kit/day";
import { Icon } from "../kit/icon";
import { useLocale } from "../locale/locale";
import { placeInWords } from "./draft";

interface Props {
  readonly voucher: VoucherSpec;
  readonly stored: Voucher | null;
  readonly mode: "view" | "edit" | "quick";
  readonly book: string;
  readonly problems: readonly ToldFault[];
  readonly tellFault: (fault: FaultAnswer) => ToldFault;
  readonly detail: string;
  readonly onResolve: () => void;
  readonly onPostAnyway: (codes: readonly string[]) => void;
}

const FAULTS_SHOWN_MAX = 6;

interface ListProps {
  readonly faults: readonly ToldFault[];
  readonly where?: (fault: ToldFault) => string;
}

/** What is wrong, and beside each what mends it. */
export function FaultList({ faults, where = () => "" }: ListProps) {
  return (
    <ul>
      {faults.map((fault) => (
        <li key={`${fault.field}${fault.code}`} data-code={fault.code}>
          {where(fault) ? <strong>{`${where(fault)}: `}</strong> : null}
          {fault.sentence} <span className="cure">{fault.cure}</span>
        </li>
      ))}
    </ul>
  );
}

/** Codes of warnings that came back unanswered: a person with the right may post, or unpost, all the same. */
export function askedOf(stored: Voucher | null, book: string): string[] {
  const faults = stored?.books.find((item) => item.book === book)?.faults ?? [];
  return faults.every((fault) => fault.params?.asks) ? faults.map((fault) => fault.code) : [];
}

export function VoucherBanners(props: Props) {
  const { voucher, stored, mode, book, problems, tellFault, detail, onResolve, onPostAnyway } = props;
  const { t } = useLocale();
  const { word } = useBooks();
  const failed = stored ? [...stored.faults, ...(stored.books.find((item) => item.book === book)?.faults ?? [])] : [];
  const asked = askedOf(stored, book);
  const posted = stored?.books.some((item) => item.book === book && item.posted);
  return (
    <>
      {problems.length ? (
        <div className="banner bad" role="alert" data-testid="mistakes">
          <Icon name="warning" />
          <div>
            {t("voucher.mistakes", { count: problems.length })}
            <FaultList
              faults={problems.slice(0, FAULTS_SHOWN_MAX)}
              where={(fault) => placeInWords(voucher, fault.field, t("grid.row"))}
            />
          </div>
        </div>
      ) : null}
      {mode === "quick" ? <div className="banner info">{t("voucher.read_only_quick")}</div> : null}
      {stored?.status.in_flight ? (
        <div className="banner wait" role="status" data-testid="in-flight">
          <Icon name="turn" />
          {t("voucher.in_flight", { detail: detail.toLowerCase() })}
        </div>
      ) : stored && stored.status.detail === "local" && mode === "view" ? (
        <div className="banner info" role="status" data-testid="saved-here">
          <Icon name="clock" />
          {t("voucher.offline_saved")}
        </div>
      ) : null}
      {stored?.conflict ? (
        <div className="banner bad" role="alert" data-testid="conflict">
          <Icon name="split" />
          <div className="grow">{t("conflict.text")}</div>
          <Button look="primary" scope="voucher" act="resolve" run={onResolve} testid="resolve">
            {word(["act", "resolve"], t("conflict.title"))}
          </Button>
        </div>
      ) : failed.length ? (
        <div className="banner bad" role="alert" data-testid="failed">
          <Icon name="warning" />
          <div className="grow">
            <strong>{detail}</strong>
            <FaultList faults={failed.map(tellFault)} />
          </div>
          {asked.length ? (
            <Button look="primary" scope="voucher" act="resolve" run={() => onPostAnyway(asked)} testid="post-anyway">
              {t(posted ? "voucher.unpost_all_the_same" : "voucher.post_all_the_same")}
            </Button>
          ) : null}
        </div>
      ) : null}
    </>
  );
}

export function VoucherHistory({ stored }: { stored: Voucher }) {
  const { t } = useLocale();
  const { word } = useBooks();
  return (
    <details className="history">
      <summary>{`${t("voucher.history")} · ${showMoment(stored.at)} ${stored.author}`}</summary>
      <ol reversed>
        {stored.history.map((item) => (
          <li key={`${item.at}${item.act}${item.revision}`}>
            {`${showMoment(item.at)} · ${item.user} · ${word(["act", item.act], item.act)}`}
          </li>
        ))}
      </ol>
    </details>
  );
}
