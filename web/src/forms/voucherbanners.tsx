// What the server says about this voucher now: in flight, failed, in conflict, mistakes of the last save.

import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import type { ToldFault } from "../api/faults";
import type { FaultAnswer, Voucher, VoucherSpec } from "../api/types";
import { Button } from "../keys/button";
import { showDay, showMoment } from "../kit/day";
import { Icon } from "../kit/icon";
import { useLocale } from "../locale/locale";
import { placeInWords } from "./draft";
import { FaultList } from "./faultlist";
import { type Does, mendsOf, openDayOf } from "./mending";

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
  readonly onMend: (name: Does) => void;
}

const FAULTS_SHOWN_MAX = 6;

/** Codes of warnings that came back unanswered: a person with the right may post, or unpost, all the same. */
export function askedOf(stored: Voucher | null, book: string): string[] {
  const faults = stored?.books.find((item) => item.book === book)?.faults ?? [];
  return faults.every((fault) => fault.params?.asks) ? faults.map((fault) => fault.code) : [];
}

export function VoucherBanners(props: Props) {
  const { voucher, stored, mode, book, problems, tellFault, detail, onResolve, onPostAnyway, onMend } = props;
  const { t } = useLocale();
  const { word } = useBooks();
  const [, navigate] = useLocation();
  const failed = stored ? [...stored.faults, ...(stored.books.find((item) => item.book === book)?.faults ?? [])] : [];
  const asked = askedOf(stored, book);
  const posted = stored?.books.some((item) => item.book === book && item.posted);
  const mends = mode === "view" ? mendsOf(stored, book) : null;
  const day = openDayOf(problems) || mends?.day || "";
  const held = stored?.held_by ?? [];
  const mendButton = (name: Does) => (
    <Button
      key={name}
      look={name === "redate" ? "primary" : name === "discard" ? "danger" : undefined}
      scope="voucher"
      act={name}
      run={() => onMend(name)}
      testid={`mend-${name}`}
    >
      {name === "redate" ? t("mend.redate_to", { day: showDay(day) }) : t(`mend.${name}`)}
    </Button>
  );
  return (
    <>
      {problems.length ? (
        <div className="banner bad" role="alert" data-testid="mistakes">
          <Icon name="warning" />
          <div className="grow">
            {t("voucher.mistakes", { count: problems.length })}
            <FaultList
              faults={problems.slice(0, FAULTS_SHOWN_MAX)}
              where={(fault) => placeInWords(voucher, fault.field, t("grid.row"))}
            />
          </div>
          {mode === "edit" && openDayOf(problems) ? mendButton("redate") : null}
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
          {mends?.may.map(mendButton)}
        </div>
      ) : null}
      {held.length ? (
        <div className="banner bad" role="alert" data-testid="held">
          <Icon name="warning" />
          <div className="grow">
            <strong>{word(["detail", "held"])}</strong>
            <FaultList faults={held.flatMap((entry) => entry.faults).map(tellFault)} />
          </div>
          {held.map((entry) => (
            <Button
              key={entry.id}
              look="primary"
              run={() => navigate(`/catalog/${entry.kind}?open=${encodeURIComponent(entry.id)}`)}
              testid="open-entry"
            >
              {t("mend.open_entry", { name: entry.code || entry.name })}
            </Button>
          ))}
        </div>
      ) : null}
    </>
  );
}

export function VoucherHistory({ stored, onTimeline }: { stored: Voucher; onTimeline: () => void }) {
  const { t } = useLocale();
  const { word } = useBooks();
  return (
    <>
      <Button stop scope="voucher" act="timeline" run={onTimeline} testid="open-timeline">
        {t("timeline.open")}
      </Button>
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
    </>
  );
}
