// The list of one voucher type: filters, live rows, and every act by key.
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { call, get, post, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { Page, VoucherRow, VoucherSpec } from "../api/types";
import { plainField, useCells } from "../forms/cellcontext";
import { FilterBox } from "../forms/filterbox";
import { statusWord } from "../forms/statusword";
import { Ask } from "../keys/ask";
import { Button } from "../keys/button";
import { shownKey } from "../keys/keymap";
import { useKeys, useScope } from "../keys/layers";
import { showNumber } from "../kit/amount";
import { showDay } from "../kit/day";
import { makeIdent } from "../kit/ident";
import { StatusMark } from "../kit/status";
import { movedIndex, Table, type TableColumn, type TableHandle } from "../kit/table";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

interface Filters {
  readonly q: string;
  readonly state: string;
  readonly detail: string;
  readonly partner: string;
  readonly account: string;
  readonly amount_min: string;
  readonly amount_max: string;
}

const NONE: Filters = { q: "", state: "", detail: "", partner: "", account: "", amount_min: "", amount_max: "" };
/** Groups first, then the words that stand in the list. */
const GROUPS = ["in_flight", "failed", "unposted"] as const;
const DETAILS = [
  "posted",
  "synced",
  "local",
  "syncing_and_posting",
  "syncing",
  "posting",
  "unposting",
  "deleting",
  "held",
  "to_confirm",
  "sync_failed",
  "post_failed",
  "unpost_failed",
  "delete_failed",
  "conflict",
] as const;
/** Stands in a number that is only provisional, and in no other. */
const PROVISIONAL = "~";
const PAGE_SIZE = 100;
const FIND_AFTER_MS = 150;
const FIELDS = [plainField("partner", "", "partner"), plainField("account", "", "account")];

/** Filters are kept while the client runs, so that coming back from a voucher finds the list as it was. */
const kept = new Map<string, { filters: Filters; current: number }>();

export function VoucherList({ voucher }: { voucher: VoucherSpec }) {
  const books = useBooks();
  const { tenant, book, branch, period, path, word } = books;
  const { t, language } = useLocale();
  const { keymap } = useKeys();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(books.spec.faults);
  const [, navigate] = useLocation();
  const { sources, context } = useCells(FIELDS, null);
  const memory = kept.get(voucher.code);
  const [filters, setFiltersState] = useState<Filters>(memory?.filters ?? NONE);
  const [typed, setTyped] = useState(filters.q);
  const [current, setCurrentState] = useState(memory?.current ?? 0);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<readonly VoucherRow[]>([]);
  const find = useRef<HTMLInputElement>(null);
  const table = useRef<TableHandle>(null);
  const findTimer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const setFilters = (change: Partial<Filters>) => {
    const next = { ...filters, ...change };
    kept.set(voucher.code, { filters: next, current: 0 });
    setFiltersState(next);
    setCurrentState(0);
  };
  const setCurrent = (index: number) => {
    kept.set(voucher.code, { filters, current: index });
    setCurrentState(index);
  };

  const asked = { type: voucher.code, branch, book, from: period.from, to: period.to, ...filters };
  const list = useInfiniteQuery({
    queryKey: [tenant, "vouchers", asked],
    queryFn: ({ pageParam, signal }) =>
      get<Page<VoucherRow>>(path(`/vouchers${query({ ...asked, limit: PAGE_SIZE, after: pageParam })}`), signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const first = list.data?.pages[0];
  const row = rows[Math.min(current, rows.length - 1)];
  const chosen = useMemo(
    () => (marked.size ? rows.filter((item) => marked.has(item.id)) : row ? [row] : []),
    [marked, rows, row],
  );

  const told = rows[0];
  const columns = useMemo<TableColumn<VoucherRow>[]>(() => {
    const kinds = new Map(voucher.header.map((field) => [field.name, field.kind]));
    const own = voucher.list_columns
      .filter(({ name }) => !told || name in told)
      .map(({ name, label }): TableColumn<VoucherRow> => {
        if (name === "total") {
          return {
            name,
            label,
            width: 150,
            figure: true,
            cell: (item) => (
              <>
                {item.currency !== "VND" ? (
                  <span className="soft">{`${showNumber(item.amount, language)} ${item.currency} · `}</span>
                ) : null}
                {showNumber(item.total, language)}
              </>
            ),
          };
        }
        const isDay = kinds.get(name) === "day";
        const long = name === "description" || name === "partner_name";
        const cell = (item: VoucherRow) => {
          const value = String(item[name] ?? "");
          if (name === "number" && value.includes(PROVISIONAL))
            return (
              <span
                className="mark"
                title={word(["number_fate", "provisional"])}
              >{`${value} (${t("voucher.provisional")})`}</span>
            );
          return isDay ? showDay(value) : sources.name(kinds.get(name) ?? "", value) || value;
        };
        return { name, label, width: isDay ? 120 : long ? 220 : 120, flexible: long, cell };
      });
    return [
      ...own,
      {
        name: "status",
        label: t("list.state"),
        width: 190,
        cell: (item) =>
          item.deleted ? (
            t("list.deleted")
          ) : (
            <StatusMark status={item.status} word={statusWord(word, t, item.status)} />
          ),
      },
    ];
  }, [voucher, language, word, t, sources, told]);

  const run = useCallback(
    async (items: readonly VoucherRow[], act: (item: VoucherRow) => Promise<unknown>) => {
      for (const item of items) {
        try {
          await act(item);
        } catch (error) {
          tell("bad", `${item.number}: ${faults.line(error)}`);
        }
      }
      setMarked(new Set());
      void client.invalidateQueries({ queryKey: [tenant, "vouchers"] });
    },
    [client, faults, tell, tenant],
  );
  const postAct = (item: VoucherRow, act: "post" | "unpost") =>
    post(path(`/vouchers/${item.id}/${act}`), { act_id: makeIdent(), revision: item.revision, book });
  const toggle = (item: VoucherRow) => postAct(item, item.status.book === "posted" ? "unpost" : "post");
  const remove = (item: VoucherRow) =>
    call("DELETE", path(`/vouchers/${item.id}`), { act_id: makeIdent(), revision: item.revision });
  const removeAsked = () => {
    setAsking([]);
    void run(asking, remove);
  };
  const printChosen = () => {
    if (chosen.length)
      window.open(
        `/api${path(`/print${query({ ids: chosen.map((item) => item.id).join(","), language, copies: voucher.copies, paper: voucher.paper })}`)}`,
        "_blank",
      );
  };
  const open = (index: number) => {
    const item = rows[index];
    if (item) navigate(`/voucher/${item.id}`);
  };
  const addNew = () => navigate(`/v/${voucher.code}/new`);
  const move = (act: string) => () =>
    setCurrent(movedIndex(act, current, rows.length, table.current?.rowsShown() ?? 10));
  const inTable = () => document.activeElement?.getAttribute("data-testid") === "vouchers";
  const none = chosen.length ? "" : t("act.nothing");
  const guarded = (act: () => void) => ({ run: act, refused: none });

  const commands = {
    new: addNew,
    find: () => find.current?.select(),
    reload: () => void list.refetch(),
    edit: guarded(() => row && navigate(`/voucher/${row.id}?edit`)),
    delete: guarded(() => setAsking(chosen)),
    post: guarded(() => void run(chosen, toggle)),
    unpost: guarded(() => void run(chosen, (item) => postAct(item, "unpost"))),
    print: guarded(printChosen),
  };
  useScope("list", {
    ...commands,
    // Movement belongs to the table: in the boxes above it the same keys are the caret's.
    ...Object.fromEntries(["up", "down", "page_up", "page_down", "first", "last"].map((act) => [act, move(act)])),
    open: () => open(current),
    mark: () => {
      if (!row) return;
      const next = new Set(marked);
      if (!next.delete(row.id)) next.add(row.id);
      setMarked(next);
      setCurrent(movedIndex("down", current, rows.length, 1));
    },
    mark_all: () => setMarked(marked.size ? new Set() : new Set(rows.map((item) => item.id))),
    close: () => (marked.size ? setMarked(new Set()) : navigate("/")),
  });

  const filtered = JSON.stringify(filters) !== JSON.stringify(NONE);
  const total = first?.total && first.count !== -1 ? first.total : undefined;
  return (
    <section className="page" data-regions="" data-testid="voucher-list">
      <div className="page-head">
        <h1>{voucher.title}</h1>
        <div className="toolbar">
          <Button look="primary" scope="list" act="new" run={addNew} testid="new">
            {t("act.new")}
          </Button>
          <Button scope="list" act="edit" run={commands.edit.run} refused={none}>
            {t("act.edit")}
          </Button>
          <Button scope="list" act="post" run={commands.post.run} refused={none} testid="post">
            {chosen[0]?.status.book === "posted" ? t("act.unpost") : t("act.post")}
          </Button>
          <Button scope="list" act="print" run={printChosen} refused={none} testid="print">
            {t("act.print")}
          </Button>
          <Button scope="list" act="delete" look="danger" run={commands.delete.run} refused={none} testid="delete">
            {t("act.delete")}
          </Button>
          <Button scope="list" act="reload" run={commands.reload}>
            {t("act.reload")}
          </Button>
        </div>
      </div>
      <search
        className="filters"
        data-region="filters"
        onKeyDown={(event) => {
          // Enter and Down lead from the search box to the rows.
          const leads = (event.key === "Enter" || event.key === "ArrowDown") && event.target === find.current;
          if (leads) {
            event.preventDefault();
            table.current?.focus();
          }
        }}
      >
        <label>
          <span className="label">{t("act.find")}</span>
          <input
            ref={find}
            className="box find"
            value={typed}
            placeholder={t("list.find")}
            data-stop=""
            data-testid="find"
            onChange={(event) => {
              setTyped(event.target.value);
              clearTimeout(findTimer.current);
              findTimer.current = setTimeout(() => setFilters({ q: event.target.value.trim() }), FIND_AFTER_MS);
            }}
          />
        </label>
        <label>
          <span className="label">{t("list.state")}</span>
          <select
            className="box"
            value={filters.state || filters.detail}
            onChange={({ target: { value } }) => {
              const group = GROUPS.some((name) => name === value);
              setFilters({ state: group ? value : "", detail: group ? "" : value });
            }}
            data-stop=""
            data-testid="filter-state"
          >
            <option value="">{t("list.all_states")}</option>
            <optgroup label={t("list.groups")}>
              {GROUPS.map((state) => (
                <option key={state} value={state}>
                  {state === "failed" ? t("sync.failures") : word(["detail", state], word(["state", "book", state]))}
                </option>
              ))}
            </optgroup>
            <optgroup label={t("list.state")}>
              {DETAILS.map((detail) => (
                <option key={detail} value={detail}>
                  {word(["detail", detail])}
                </option>
              ))}
            </optgroup>
          </select>
        </label>
        <FilterBox
          field={plainField("partner", t("list.partner"), "partner")}
          value={filters.partner}
          context={context}
          sources={sources}
          onChange={(partner) => setFilters({ partner })}
          testid="filter-partner"
        />
        <FilterBox
          field={plainField("account", t("list.account"), "account")}
          value={filters.account}
          context={context}
          sources={sources}
          onChange={(account) => setFilters({ account })}
          testid="filter-account"
        />
        <FilterBox
          field={plainField("amount_min", t("list.amount_from"), "vnd")}
          value={filters.amount_min}
          context={context}
          sources={sources}
          onChange={(amount) => setFilters({ amount_min: amount })}
          testid="filter-amount-min"
        />
        <FilterBox
          field={plainField("amount_max", t("list.amount_to"), "vnd")}
          value={filters.amount_max}
          context={context}
          sources={sources}
          onChange={(amount) => setFilters({ amount_max: amount })}
          testid="filter-amount-max"
        />
        {filtered ? (
          <Button
            look="quiet"
            run={() => {
              setTyped("");
              setFilters(NONE);
            }}
          >
            {t("list.clear")}
          </Button>
        ) : null}
      </search>
      <div data-region="list" style={{ display: "contents" }}>
        <Table
          handle={table}
          label={voucher.title}
          testid="vouchers"
          first
          columns={columns}
          rows={rows}
          rowKey={(item) => item.id}
          current={Math.min(current, rows.length - 1)}
          isMarked={(item) => marked.has(item.id)}
          rowClass={(item) => (item.deleted ? "deleted" : "")}
          onCurrent={(index) => {
            setCurrent(index);
            if (!inTable()) table.current?.focus();
          }}
          onOpen={open}
          onEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
          }}
          empty={
            list.isPending ? (
              t("list.loading")
            ) : list.isError ? (
              faults.line(list.error)
            ) : filtered ? (
              t("list.empty_filtered")
            ) : (
              <>
                <p>{t("list.empty")}</p>
                <p>{t("list.empty_hint", { key: shownKey(keymap, "list", "new") })}</p>
              </>
            )
          }
          foot={
            <>
              <span data-testid="list-count">
                {t("list.count", { count: first?.count !== undefined && first.count >= 0 ? first.count : rows.length })}
              </span>
              {total ? (
                <span>
                  {t("list.sum")} <strong>{showNumber(total, language)}</strong>
                </span>
              ) : null}
              {marked.size ? <span>{t("list.marked", { count: marked.size })}</span> : null}
            </>
          }
        />
      </div>
      {asking.length ? (
        <Ask
          title={t("act.delete")}
          yes={t("act.delete")}
          no={t("act.no")}
          onYes={removeAsked}
          onNo={() => setAsking([])}
          testid="confirm"
        >
          <p>{t("voucher.delete_sure", { number: asking.map((item) => item.number).join(", ") })}</p>
        </Ask>
      ) : null}
    </section>
  );
}
