// What waits, what failed and why, what conflicts; sync now and download of earlier periods.
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { faultCure, faultSentence, get, post, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { Page, SyncResult } from "../api/types";
import { placeOfObject } from "../forms/mending";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { showMoment } from "../kit/day";
import { Icon } from "../kit/icon";
import { movedIndex, Table, type TableColumn, type TableHandle } from "../kit/table";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { Download } from "./download";
import { Compared, RoundsPanel } from "./rounds";

const TABS = ["pending", "failed", "conflict"] as const;
type Tab = (typeof TABS)[number];
const PAGE_SIZE = 100;

export function SyncScreen() {
  const books = useBooks();
  const { tenant, path, sync, spec, word } = books;
  const { t, language } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const [chosen, setTab] = useState<Tab | null>(null);
  const tab: Tab = chosen ?? (sync?.conflicts ? "conflict" : sync?.failed ? "failed" : "pending");
  const [current, setCurrent] = useState(0);
  const [downloading, setDownloading] = useState(false);
  const table = useRef<TableHandle>(null);

  const results = useInfiniteQuery({
    queryKey: [tenant, "sync-results", tab],
    queryFn: ({ pageParam }) =>
      get<Page<SyncResult>>(path(`/sync/results${query({ state: tab, limit: PAGE_SIZE, after: pageParam })}`)),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    refetchInterval: 10_000,
  });
  const rows = useMemo(() => results.data?.pages.flatMap((page) => page.items) ?? [], [results.data]);
  const counts: Record<Tab, number> = {
    pending: sync?.pending ?? 0,
    failed: sync?.failed ?? 0,
    conflict: sync?.conflicts ?? 0,
  };
  const tabWord: Record<Tab, string> = {
    pending: t("sync.waiting"),
    failed: t("sync.failures"),
    conflict: t("sync.in_conflict"),
  };

  const columns = useMemo<TableColumn<SyncResult>[]>(() => {
    const kindWord = (row: SyncResult) =>
      spec.voucher_types.find((item) => item.code === row.object_kind)?.title ??
      spec.catalogs.find((item) => item.name === row.object_kind)?.title ??
      row.object_kind;
    return [
      { name: "at", label: t("sync.at"), width: 110, cell: (row) => showMoment(row.at) },
      {
        name: "object",
        label: t("sync.object"),
        width: 160,
        cell: (row) => `${row.number || ""} ${kindWord(row)}`.trim(),
      },
      {
        name: "description",
        label: word(["field", "description"]),
        width: 150,
        flexible: true,
        cell: (row) => row.description,
      },
      { name: "act", label: t("sync.act"), width: 90, cell: (row) => word(["act", row.act], row.act) },
      { name: "user", label: t("sync.user"), width: 116, cell: (row) => row.user },
      {
        name: "reason",
        label: t("sync.reason"),
        width: 220,
        flexible: true,
        cell: (row) => row.faults.map((fault) => faultSentence(fault, language)).join(" "),
      },
      {
        name: "cure",
        label: t("sync.cure"),
        width: 200,
        flexible: true,
        cell: (row) => row.faults.map((fault) => faultCure(fault, language)).join(" "),
      },
    ];
  }, [spec, word, t, language]);

  const syncNow = async () => {
    try {
      await post(path("/sync"));
      tell("info", t("sync.started"));
    } catch (error) {
      tell("bad", faults.line(error));
    }
    void client.invalidateQueries({ queryKey: [tenant, "sync"] });
    void results.refetch();
  };
  const open = (index: number) => {
    const row = rows[index];
    if (row) navigate(placeOfObject(row, row.state === "conflict"));
  };
  const move = (act: string) => () =>
    setCurrent(movedIndex(act, current, rows.length, table.current?.rowsShown() ?? 10));
  useScope("list", {
    ...Object.fromEntries(["up", "down", "page_up", "page_down", "first", "last"].map((act) => [act, move(act)])),
    open: () => open(current),
    download: () => setDownloading(true),
    reload: () => void results.refetch(),
    close: () => navigate("/"),
  });

  return (
    <section className="page" data-regions="" data-testid="sync-screen">
      <div className="page-head">
        <h1>{t("sync.title")}</h1>
        <Button look="primary" scope="app" act="sync_now" run={() => void syncNow()} testid="sync-now">
          {t("sync.now")}
        </Button>
        <Button scope="list" act="download" run={() => setDownloading(true)} testid="download">
          {t("download.title")}
        </Button>
      </div>
      <div className={`banner ${sync?.online ? "good" : "wait"}`} data-testid="sync-state">
        <Icon name={sync?.online ? "checkCircle" : "warning"} />
        <span>
          <strong>{sync?.online ? t("sync.online") : t("sync.offline")}</strong> · {t("sync.last")}:{" "}
          {showMoment(sync?.last_sync_at) || "—"} · {t("sync.as_of")}: {showMoment(sync?.as_of) || "—"}
          {sync?.oldest_pending_at ? ` · ${t("sync.oldest")} ${showMoment(sync.oldest_pending_at)}` : ""}
        </span>
      </div>
      {sync?.reason ? (
        <div className="banner bad" role="alert" data-testid="sync-reason">
          <Icon name="warning" />
          {`${faults.fault({ code: sync.reason, field: "" }).sentence} ${faults.fault({ code: sync.reason, field: "" }).cure}`}
        </div>
      ) : null}
      <Compared sync={sync} />
      <RoundsPanel />
      <div className="tabs" role="tablist" aria-label={t("sync.title")} data-region="tabs">
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={tab === name}
            data-stop=""
            data-testid={`sync-${name}`}
            onClick={() => {
              setTab(name);
              setCurrent(0);
            }}
          >
            {tabWord[name]}
            <span className={`count ${counts[name] && name !== "pending" ? "bad" : ""}`}>{counts[name]}</span>
          </button>
        ))}
      </div>
      <div data-region="list" style={{ display: "contents" }}>
        <Table
          handle={table}
          label={tabWord[tab]}
          testid="sync-results"
          first
          columns={columns}
          rows={rows}
          rowKey={(row) => `${row.n}-${row.id}-${row.act}`}
          current={Math.min(current, rows.length - 1)}
          onCurrent={setCurrent}
          onOpen={open}
          onEnd={() => {
            if (results.hasNextPage && !results.isFetchingNextPage) void results.fetchNextPage();
          }}
          empty={results.isError ? faults.line(results.error) : t(`sync.none.${tab}`)}
        />
      </div>
      {downloading ? <Download onClose={() => setDownloading(false)} /> : null}
    </section>
  );
}
