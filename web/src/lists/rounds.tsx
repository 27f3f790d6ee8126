// Rounds of syncing: what had changed elsewhere, then both halves — sent, received — with progress and an estimate.
import { useQuery } from "@tanstack/react-query";
import { useBooks } from "../api/books";
import { get } from "../api/client";
import type { Half, Round, Rounds, SyncState } from "../api/types";
import { shownKey } from "../keys/keymap";
import { useKeys } from "../keys/layers";
import { showMoment } from "../kit/day";
import { Icon } from "../kit/icon";
import { type Translate, useLocale } from "../locale/locale";

const SHOWN_MAX = 5;
const RUNNING_LOOK_MS = 1_000;

function timeOf(seconds: number, t: Translate): string {
  return seconds < 90
    ? t("sync.seconds", { count: Math.max(1, Math.round(seconds)) })
    : t("sync.minutes", { count: Math.round(seconds / 60) });
}

function HalfLine({ title, half, running, testid }: { title: string; half: Half; running: boolean; testid: string }) {
  const { t } = useLocale();
  const ended = half.ended_at !== "";
  const more = [
    half.failed ? t("sync.half_failed", { count: half.failed }) : "",
    half.conflicts ? t("sync.half_conflicts", { count: half.conflicts }) : "",
    half.held ? t("sync.half_held", { count: half.held }) : "",
  ].filter(Boolean);
  return (
    <div className="row-flex" data-testid={testid} data-ended={ended}>
      <Icon name={ended ? "checkCircle" : running ? "turn" : "warning"} />
      <strong>{title}</strong>
      <span className="figure">{t("sync.half", { done: half.done, total: half.total })}</span>
      {running && !ended ? <progress value={half.done} max={half.total || undefined} aria-label={title} /> : null}
      {more.length ? <span className="mark bad">{more.join(" · ")}</span> : null}
      {ended ? <span className="soft">{showMoment(half.ended_at)}</span> : null}
    </div>
  );
}

function RoundView({ round }: { round: Round }) {
  const { spec } = useBooks();
  const { t } = useLocale();
  const kindWord = (kind: string) =>
    spec.voucher_types.find((item) => item.code === kind)?.title ??
    spec.catalogs.find((item) => item.name === kind)?.title ??
    kind;
  const running = round.state === "running";
  const why =
    round.why === "asked"
      ? t("sync.why.asked", { user: round.user })
      : t(round.why === "line" ? "sync.why.line" : "sync.why.start");
  const state = t(running ? "sync.round.running" : round.state === "done" ? "sync.round.done" : "sync.round.cut");
  const left = running
    ? round.seconds_left >= 0
      ? t("sync.left", { time: timeOf(round.seconds_left, t) })
      : t("sync.left_unknown")
    : "";
  const changed = round.elsewhere.map((item) => `${kindWord(item.object_kind)}: ${item.count}`);
  return (
    <div data-testid="round" data-state={round.state}>
      <div>
        <strong>{state}</strong> · {why} · {showMoment(round.began_at)}
        {left ? ` · ${left}` : ""}
        {round.since ? <span className="soft"> · {t("sync.since", { at: showMoment(round.since) })}</span> : null}
      </div>
      <div data-testid="round-elsewhere">
        {t("sync.elsewhere")}: {changed.length ? changed.join(", ") : t("sync.elsewhere_none")}
      </div>
      <HalfLine title={t("sync.push")} half={round.push} running={running} testid="round-push" />
      <HalfLine title={t("sync.pull")} half={round.pull} running={running} testid="round-pull" />
    </div>
  );
}

/** When the books here were last compared with the cloud's, and what to do where they differed. */
export function Compared({ sync }: { sync: SyncState | undefined }) {
  const { t } = useLocale();
  const { keymap } = useKeys();
  if (!sync) return null;
  const { compared_at = "", differs = 0, differed_at = "" } = sync;
  const at = showMoment(compared_at);
  return (
    <div
      className={differs ? "banner wait" : "row-flex soft"}
      role={differs ? "alert" : "status"}
      data-testid="sync-compared"
      data-differs={differs}
    >
      <Icon name={differs ? "warning" : compared_at ? "checkCircle" : "clock"} />
      <span>
        {differs ? (
          <>
            <strong>{t("sync.differs", { at, count: differs })}</strong>{" "}
            {t("sync.differs_cure", { key: shownKey(keymap, "app", "sync_now") })}
          </>
        ) : compared_at ? (
          t("sync.compared", { at })
        ) : (
          t("sync.compared_never")
        )}
        {differed_at && !differs ? ` ${t("sync.differed", { at: showMoment(differed_at) })}` : ""}
      </span>
    </div>
  );
}

/** The running round, or the last one, whole; those before it behind one key. */
export function RoundsPanel() {
  const { tenant, path, sync } = useBooks();
  const { t } = useLocale();
  const rounds = useQuery({
    queryKey: [tenant, "rounds"],
    queryFn: () => get<Rounds>(path("/sync/result")),
    refetchInterval: (asked) => (asked.state.data?.running ? RUNNING_LOOK_MS : false),
    retry: false,
  });
  const { running = null, items = [] } = rounds.data ?? {};
  const newest = running ?? items[0];
  const before = (running ? items : items.slice(1)).slice(0, SHOWN_MAX);
  return (
    <div className="panel pad" data-region="rounds" data-testid="rounds">
      {newest ? <RoundView round={newest} /> : <span className="soft">{t("sync.no_round")}</span>}
      {sync?.lane_depth ? (
        <div data-testid="lane">
          {t("sync.lane", { count: sync.lane_depth, time: timeOf(sync.lane_seconds ?? 0, t) })}
        </div>
      ) : null}
      {before.length ? (
        <details className="history">
          <summary data-stop="">{t("sync.rounds")}</summary>
          <div style={{ maxHeight: "25vh", overflow: "auto" }}>
            {before.map((round) => (
              <RoundView key={round.id} round={round} />
            ))}
          </div>
        </details>
      ) : null}
    </div>
  );
}
