// The life of a voucher: saved, sent, accepted, posted; where, when, by whom. Opened from the voucher by one key.
import { useQuery } from "@tanstack/react-query";
import { useBooks } from "../api/books";
import { get } from "../api/client";
import { useFaults } from "../api/faults";
import type { Moment, Timeline } from "../api/types";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { showMoment } from "../kit/day";
import { Icon, type IconName } from "../kit/icon";
import { useLocale } from "../locale/locale";

const ICONS: Readonly<Record<string, IconName>> = {
  saved: "check",
  sent: "right",
  accepted: "checkCircle",
  refused: "warning",
  conflict: "split",
  posted: "lock",
  voided: "turn",
};

export function TimelineDialog({ id, number, onClose }: { id: string; number: string; onClose: () => void }) {
  const { tenant, path, spec, word } = useBooks();
  const { t } = useLocale();
  const faults = useFaults(spec.faults);
  const life = useQuery({
    queryKey: [tenant, "voucher", id, "timeline"], // fetched anew with the voucher
    queryFn: () => get<Timeline>(path(`/vouchers/${id}/timeline`)),
    refetchOnMount: "always",
  });
  const place = (item: Moment) =>
    item.at_cloud || !item.office
      ? t("timeline.cloud")
      : item.here
        ? t("timeline.here", { office: item.office })
        : item.office;
  const books = (item: Moment) => item.books.map((name) => word(["book", name], name)).join(", ");
  return (
    <Dialog title={t("timeline.title", { number })} onClose={onClose} size={1080} testid="timeline">
      {life.data && !life.data.whole ? (
        <div className="banner wait" role="status" data-testid="timeline-partial">
          <Icon name="warning" />
          {t("timeline.partial")}
        </div>
      ) : null}
      {life.isError ? (
        <div className="banner bad" role="alert">
          {faults.line(life.error)}
        </div>
      ) : null}
      <div style={{ maxHeight: "60vh", overflow: "auto" }}>
        <table className="compare" data-testid="timeline-table">
          <thead>
            <tr>
              <th>{t("sync.at")}</th>
              <th>{t("timeline.what")}</th>
              <th>{t("timeline.where")}</th>
              <th>{t("sync.user")}</th>
              <th>{t("sync.act")}</th>
              <th>{t("timeline.note")}</th>
            </tr>
          </thead>
          <tbody>
            {(life.data?.items ?? []).map((item, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the same act may have two alike moments; rows never move
              <tr key={`${index}${item.what}${item.at}`} data-testid="timeline-moment" data-what={item.what}>
                <td className="short">{showMoment(item.at)}</td>
                <td>
                  <span className={`mark ${item.what === "refused" || item.what === "conflict" ? "bad" : ""}`}>
                    <Icon name={ICONS[item.what] ?? "clock"} />
                    {word(["moment", item.what], item.what)}
                  </span>
                </td>
                <td className="short">{place(item)}</td>
                <td className="short">{item.by}</td>
                <td className="short">{item.act ? word(["act", item.act], item.act) : ""}</td>
                <td>
                  {[
                    item.revision ? t("timeline.revision", { revision: item.revision }) : "",
                    item.version ? t("timeline.version", { version: item.version }) : "",
                    books(item),
                    item.operation ? t("timeline.operation", { operation: item.operation }) : "",
                    ...item.faults.map((fault) => faults.fault(fault).sentence),
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="actions">
        <Button stop first run={onClose} testid="timeline-close">
          {t("act.close")}
        </Button>
      </div>
    </Dialog>
  );
}
