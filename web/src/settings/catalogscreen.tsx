// A catalog: find, add, edit, stop using, delete what nothing uses.
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { useBooks } from "../api/books";
import { call, get, put, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { CatalogEntry, CatalogKind, Page, Value } from "../api/types";
import { useCells } from "../forms/cellcontext";
import { EntryConflict } from "../forms/entryconflict";
import { fieldsOf } from "../forms/entryfields";
import { EntryForm } from "../forms/entryform";
import { Ask } from "../keys/ask";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { Icon } from "../kit/icon";
import { makeIdent } from "../kit/ident";
import { movedIndex, Table, type TableColumn, type TableHandle } from "../kit/table";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

const PAGE_SIZE = 200;
const COLUMNS_MAX = 7;
/** The least width that shows a column's heading whole. */
const labelled = (label: string) => Math.round(label.length * 6.8) + 24;
const FIND_AFTER_MS = 150;

export function CatalogScreen({ kind }: { kind: CatalogKind }) {
  const books = useBooks();
  const { tenant, path, spec, catalogs, word } = books;
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const fields = useMemo(() => fieldsOf(kind, spec), [kind, spec]);
  const { sources } = useCells(fields, null);
  const [typed, setTyped] = useState("");
  const [text, setText] = useState("");
  const [active, setActive] = useState("true");
  const [current, setCurrent] = useState(0);
  const search = new URLSearchParams(useSearch()); // from a list of what needs a person
  const settles = search.has("resolve");
  const [editing, setEditing] = useState<string | null>(settles ? null : search.get("open"));
  const [resolving, setResolving] = useState<string | null>(settles ? search.get("open") : null);
  const [deleting, setDeleting] = useState<CatalogEntry | null>(null);
  const find = useRef<HTMLInputElement>(null);
  const table = useRef<TableHandle>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const list = useInfiniteQuery({
    queryKey: [tenant, "catalog", kind.name, text, active],
    queryFn: ({ pageParam, signal }) =>
      get<Page<CatalogEntry>>(
        path(`/catalog/${kind.name}${query({ q: text, active, limit: PAGE_SIZE, after: pageParam })}`),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: (before) => before,
    refetchOnMount: "always", // a voucher saved meanwhile may use an entry
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const row = rows[Math.min(current, rows.length - 1)];

  const columns = useMemo<TableColumn<CatalogEntry>[]>(() => {
    const shown = (name: string, value: Value | undefined) => {
      const field = fields.find((item) => item.name === name);
      if (value === undefined || value === null || value === "") return "";
      if (field?.kind === "flag") return value === true ? <Icon name="check" /> : "";
      const choice = field?.among.find((item) => item.value === value);
      if (choice) return choice.label;
      return typeof value === "object"
        ? ""
        : field && field.kind !== "text"
          ? sources.show(field.kind, String(value))
          : String(value);
    };
    const names = fields.filter((field) => field.name !== "active" && field.name !== "note").slice(0, COLUMNS_MAX);
    return [
      ...names.map((field) => ({
        name: field.name,
        label: field.label,
        width:
          field.kind === "flag"
            ? labelled(field.label)
            : field.name === "name" || field.name === "address"
              ? 160
              : Math.max(118, labelled(field.label)),
        flexible: field.name === "name" ? 2 : field.name === "address",
        cell: (entry: CatalogEntry) => shown(field.name, entry.body[field.name]),
      })),
      {
        name: "status",
        label: t("list.state"),
        width: 150,
        cell: (entry) => (
          <span className="soft">
            {entry.body.active === false ? `${t("catalog.stopped")} · ` : ""}
            <span className={entry.status === "conflict" ? "mark bad" : undefined}>
              {word(["state", "sync", entry.status], entry.status)}
            </span>
          </span>
        ),
      },
    ];
  }, [fields, sources, t, word]);

  const changed = () => {
    void client.invalidateQueries({ queryKey: [tenant, "catalog", kind.name] });
    if (["account", "branch", "currency"].includes(kind.name)) void books.reloadSpec();
  };
  const act = async (run: () => Promise<unknown>) => {
    try {
      await run();
      changed();
    } catch (error) {
      tell("bad", faults.line(error));
    }
  };
  const stop = (entry: CatalogEntry) =>
    act(async () => {
      const body = { ...entry.body, active: entry.body.active === false };
      const saved = await put<CatalogEntry>(path(`/catalog/${kind.name}/${encodeURIComponent(entry.id)}`), {
        act_id: makeIdent(),
        base: entry.revision,
        body,
      });
      catalogs.put(kind.name, { ...entry, ...saved, body });
    });
  const remove = (entry: CatalogEntry) => {
    setDeleting(null);
    return act(async () => {
      await call("DELETE", path(`/catalog/${kind.name}/${encodeURIComponent(entry.id)}`), { act_id: makeIdent() });
      catalogs.remove(kind.name, entry.id);
    });
  };
  const move = (name: string) => () =>
    setCurrent(movedIndex(name, current, rows.length, table.current?.rowsShown() ?? 10));
  const leaveConflict = () => {
    setResolving(null);
    table.current?.focus();
  };
  const none = row ? "" : t("act.nothing");
  const nothing = kind.name === "currency" ? "catalog.empty_currency" : "catalog.empty";
  const openRow = () => row && setEditing(row.id);
  useScope("list", {
    new: () => setEditing(""),
    edit: { run: openRow, refused: none },
    open: openRow,
    stop: { run: () => row && void stop(row), refused: none },
    resolve: row?.status === "conflict" ? () => setResolving(row.id) : undefined,
    delete: { run: () => row && setDeleting(row), refused: none || (row?.used ? t("catalog.used") : "") },
    find: () => find.current?.select(),
    reload: () => void list.refetch(),
    ...Object.fromEntries(["up", "down", "page_up", "page_down", "first", "last"].map((name) => [name, move(name)])),
    close: () => navigate("/"),
  });

  return (
    <section className="page" data-regions="" data-testid="catalog" data-kind={kind.name}>
      <div className="page-head">
        <h1>{kind.title}</h1>
        <div className="toolbar">
          <Button look="primary" scope="list" act="new" run={() => setEditing("")} testid="new">
            {t("act.new")}
          </Button>
          <Button scope="list" act="edit" run={openRow} refused={none} testid="edit">
            {t("act.edit")}
          </Button>
          <Button scope="list" act="stop" run={() => row && void stop(row)} refused={none} testid="stop">
            {row?.body.active === false ? t("catalog.restart") : t("catalog.stop")}
          </Button>
          {row?.status === "conflict" ? (
            <Button scope="list" act="resolve" run={() => setResolving(row.id)} testid="resolve">
              {word(["act", "resolve"], t("conflict.title"))}
            </Button>
          ) : null}
          <Button
            look="danger"
            scope="list"
            act="delete"
            run={() => row && setDeleting(row)}
            refused={none || (row?.used ? t("catalog.used") : "")}
            testid="delete"
          >
            {t("act.delete")}
          </Button>
        </div>
      </div>
      <search className="filters" data-region="filters">
        <label>
          <span className="label">{t("act.find")}</span>
          <input
            ref={find}
            className="box find"
            value={typed}
            placeholder={t("catalog.find")}
            data-stop=""
            data-testid="find"
            onChange={(event) => {
              setTyped(event.target.value);
              clearTimeout(timer.current);
              timer.current = setTimeout(() => {
                setText(event.target.value.trim());
                setCurrent(0);
              }, FIND_AFTER_MS);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter" || event.key === "ArrowDown") {
                event.preventDefault();
                table.current?.focus();
              }
            }}
          />
        </label>
        <label>
          <span className="label">{t("list.state")}</span>
          <select
            className="box"
            value={active}
            onChange={(event) => setActive(event.target.value)}
            data-stop=""
            data-testid="filter-active"
          >
            <option value="true">{t("catalog.active")}</option>
            <option value="false">{t("catalog.stopped")}</option>
            <option value="">{t("catalog.all")}</option>
          </select>
        </label>
      </search>
      <div data-region="list" style={{ display: "contents" }}>
        <Table
          handle={table}
          label={kind.title}
          testid="entries"
          first
          columns={columns}
          rows={rows}
          rowKey={(entry) => entry.id}
          current={Math.min(current, rows.length - 1)}
          rowClass={(entry) => (entry.body.active === false ? "carry" : "")}
          onCurrent={setCurrent}
          onOpen={openRow}
          onEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
          }}
          empty={list.isPending ? t("list.loading") : list.isError ? faults.line(list.error) : t(nothing)}
          foot={<span>{t("catalog.count", { count: `${rows.length}${list.hasNextPage ? "+" : ""}` })}</span>}
        />
      </div>
      {editing !== null ? (
        <EntryForm
          kind={kind}
          id={editing}
          onClose={() => {
            setEditing(null);
            table.current?.focus();
          }}
          onSaved={(entry) => {
            setEditing(null);
            tell("good", t("catalog.saved", { name: String(entry.body.name ?? entry.id) }));
            changed();
            table.current?.focus();
          }}
        />
      ) : null}
      {resolving ? (
        <EntryConflict kind={kind} id={resolving} onClose={leaveConflict} onSettled={leaveConflict} />
      ) : null}
      {deleting ? (
        <Ask
          title={t("act.delete")}
          yes={t("act.delete")}
          no={t("act.no")}
          onYes={() => void remove(deleting)}
          onNo={() => setDeleting(null)}
          testid="confirm"
        >
          <p>{t("catalog.delete_sure", { name: String(deleting.body.name ?? deleting.id) })}</p>
        </Ask>
      ) : null}
    </section>
  );
}
