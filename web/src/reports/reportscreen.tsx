// A report: its parameters from the spec, its rows as they come, and the way down to the voucher behind a row.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { FieldSpec, ReportColumn, ReportPage, ReportRow, ReportSpec, Value } from "../api/types";
import { plainField, useCells } from "../forms/cellcontext";
import { FilterBox } from "../forms/filterbox";
import { Button } from "../keys/button";
import { shownKey } from "../keys/keymap";
import { useKeys, useScope } from "../keys/layers";
import { type Language, showNumber } from "../kit/amount";
import { showDay, showMoment } from "../kit/day";
import { focusRegion } from "../kit/focus";
import { movedIndex, Table, type TableColumn, type TableHandle } from "../kit/table";
import { useLocale } from "../locale/locale";
import { ALWAYS, wayDown } from "./drill";

const PAGE_SIZE = 300;
const LEVELS = ["1", "2", "3", "4", "5"];
/** Parameters shown as code and name. */
const NAMED = new Set(["account", "partner", "bank_account", "fund"]);
const CHARACTER = 8.4;
const FIGURE = 7.5;
const LEAST: Readonly<Record<string, number>> = { day: 100, code: 90, money: 138 };
/** What a long text may be cut down to before a table of figures has to be scrolled. */
const TEXT_LEAST = 150;

/** Parameters are remembered per report while the client runs: drilling down and coming back finds the same rows. */
const kept = new Map<
  string,
  { asked: Record<string, string> | null; values: Record<string, string>; current: number }
>();

function fieldsOf(report: ReportSpec): FieldSpec[] {
  return report.parameters
    .filter((parameter) => !ALWAYS.has(parameter.name))
    .map((parameter) =>
      plainField(parameter.name, parameter.label, parameter.name === "level" ? "choice" : parameter.name, {
        required: parameter.required,
        among: parameter.name === "level" ? LEVELS.map((value) => ({ value, label: value })) : [],
      }),
    );
}

/** Figures, days and codes are seen whole; long texts share what is left. */
function shapeOf(column: ReportColumn): { width: number; flexible: boolean } {
  const flexible = column.kind === "text" && column.width >= 20;
  if (flexible) return { width: TEXT_LEAST, flexible };
  const wide = Math.round(column.width * (column.kind === "money" ? FIGURE : CHARACTER)) + 18;
  return { width: Math.max(LEAST[column.kind] ?? 56, wide, Math.round(column.label.length * 6.6) + 20), flexible };
}

/** Days may come as ISO text or as yyyymmdd figures. */
function dayText(value: Value): string {
  const text = String(value ?? "");
  return /^\d{8}$/.test(text) ? showDay(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`) : showDay(text);
}

function cellText(column: ReportColumn, value: Value | undefined, language: Language) {
  if (value === undefined || value === null || value === "") return "";
  if (column.kind === "money") {
    const text = String(value);
    return (
      <span className={text.startsWith("-") ? "negative" : ""}>
        {showNumber(text, language, { zeroBlank: true, brackets: true })}
      </span>
    );
  }
  if (column.kind === "day") return dayText(value);
  if (column.kind === "mark") return value === true || value === "x" || value === 1 ? "x" : String(value);
  return String(value);
}

export function ReportScreen({ report }: { report: ReportSpec }) {
  const books = useBooks();
  const { tenant, path, branch, book, period, spec, word } = books;
  const { t, language } = useLocale();
  const { keymap } = useKeys();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const fields = useMemo(() => fieldsOf(report), [report]);
  const { sources, context } = useCells(fields, null);
  const memory = kept.get(report.code);
  const [values, setValues] = useState<Record<string, string>>(memory?.values ?? {});
  const ready = fields.every((field) => !field.required || values[field.name]);
  const [asked, setAsked] = useState<Record<string, string> | null>(
    memory?.asked ?? (fields.some((field) => field.required) ? null : {}),
  );
  const [current, setCurrentState] = useState(memory?.current ?? 0);
  const table = useRef<TableHandle>(null);
  const root = useRef<HTMLElement>(null);
  const latest = useRef(values);
  latest.current = values;
  const remember = (
    change: Partial<{ asked: Record<string, string> | null; values: Record<string, string>; current: number }>,
  ) => kept.set(report.code, { asked, values: latest.current, current, ...change });
  const setCurrent = (index: number) => {
    remember({ current: index });
    setCurrentState(index);
  };

  const request = { from: period.from, to: period.to, branch, book, language, ...(asked ?? {}) };
  const pages = useInfiniteQuery({
    queryKey: [tenant, "report", report.code, request],
    queryFn: ({ pageParam, signal }) =>
      get<ReportPage>(
        path(`/reports/${report.code}${query({ ...request, after: pageParam, limit: PAGE_SIZE })}`),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    enabled: asked !== null,
  });
  const first = pages.data?.pages[0];
  const last = pages.data?.pages.at(-1);
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.rows) ?? [], [pages.data]);

  const columns = useMemo<TableColumn<ReportRow>[]>(
    () =>
      (first?.columns ?? []).map((column) => ({
        name: column.name,
        label: column.label,
        ...shapeOf(column),
        figure: column.kind === "money",
        ...(column.group ? { group: column.group_label || word(["column_group", column.group], column.group) } : {}),
        cell: (row) => cellText(column, row.cells[column.name], language),
      })),
    [first, language, word],
  );

  const run = useCallback(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    const now = latest.current;
    if (!fields.every((field) => !field.required || now[field.name])) {
      if (root.current) focusRegion(root.current, "parameters");
      return;
    }
    kept.set(report.code, { asked: now, values: now, current: 0 });
    setAsked({ ...now });
    setCurrentState(0);
    table.current?.focus();
    if (JSON.stringify(now) === JSON.stringify(asked)) void pages.refetch();
  }, [fields, report.code, asked, pages.refetch]);
  const file = (kind: "pdf" | "xlsx") =>
    window.open(`/api${path(`/reports/${report.code}.${kind}${query(request)}`)}`, "_blank");
  const drill = (index: number) => {
    const row = rows[index];
    if (row?.voucher) return navigate(`/voucher/${row.voucher}`);
    const way = wayDown(spec.reports, report, row, asked ?? {});
    if (!way) return;
    kept.set(way.report.code, { asked: way.asked, values: way.asked, current: 0 });
    navigate(`/report/${way.report.code}`);
  };
  const move = (act: string) => () =>
    setCurrent(movedIndex(act, current, rows.length, table.current?.rowsShown() ?? 10));
  const under = rows[Math.min(current, rows.length - 1)];
  const way = under?.voucher ? null : wayDown(spec.reports, report, under, asked ?? {});
  const leads = under?.voucher ? t("report.drill") : way ? t("report.drill_book", { title: way.report.short }) : "";
  const missing = ready ? "" : t("report.choose", { key: shownKey(keymap, "report", "run") });
  useScope("report", {
    run,
    drill: () => drill(current),
    print: { run: () => file("pdf"), refused: asked ? "" : missing },
    excel: { run: () => file("xlsx"), refused: asked ? "" : missing },
    find: () => root.current && focusRegion(root.current, "parameters"),
    ...Object.fromEntries(["up", "down", "page_up", "page_down", "first", "last"].map((act) => [act, move(act)])),
    close: () => navigate("/"),
  });

  return (
    <section className="page" ref={root} data-regions="" data-testid="report" data-report={report.code}>
      <div className="page-head">
        <h1>
          {first?.title || report.title}
          {first?.form ? (
            <span className="soft" style={{ fontSize: 12, fontWeight: 400, marginLeft: 10 }}>
              {formText(first.form, language)}
            </span>
          ) : null}
        </h1>
        <div className="toolbar">
          <Button look="primary" scope="report" act="run" run={run} refused={missing} testid="report-run">
            {t("report.run")}
          </Button>
          <Button scope="report" act="print" run={() => file("pdf")} refused={asked ? "" : missing} testid="report-pdf">
            {t("report.pdf")}
          </Button>
          <Button
            scope="report"
            act="excel"
            run={() => file("xlsx")}
            refused={asked ? "" : missing}
            testid="report-xlsx"
          >
            {t("report.excel")}
          </Button>
        </div>
      </div>
      {fields.length ? (
        <search className="filters" data-region="parameters">
          {fields.map((field, index) => (
            <FilterBox
              key={field.name}
              field={field}
              value={values[field.name] ?? ""}
              context={context}
              sources={sources}
              autoFocus={index === 0 && asked === null}
              className={NAMED.has(field.kind) ? "named" : ""}
              placeholder={field.required ? "" : t("catalog.all")}
              testid={`parameter-${field.name}`}
              onChange={(value) => {
                latest.current = { ...latest.current, [field.name]: value };
                setValues(latest.current);
              }}
            />
          ))}
        </search>
      ) : null}
      <div className="soft" style={{ fontSize: 12 }} data-testid="as-of">
        {showDay(period.from)} – {showDay(period.to)}
        {first ? (
          <>
            {" · "}
            {t("report.as_of", { at: showMoment(first.as_of) || "—" })}
            {first.pending ? <strong>{t("report.pending", { count: first.pending })}</strong> : t("report.live")}
          </>
        ) : null}
      </div>
      {pages.isError && rows.length ? (
        <div className="banner bad" role="alert" data-testid="report-fault">
          {faults.line(pages.error)}
        </div>
      ) : null}
      {first?.missing?.length ? <div className="banner wait">{first.missing.join(", ")}</div> : null}
      <div data-region="rows" style={{ display: "contents" }}>
        <Table
          handle={table}
          label={report.title}
          testid="report-rows"
          first={asked !== null}
          columns={columns}
          rows={rows}
          rowKey={(_, index) => String(index)}
          current={Math.min(current, rows.length - 1)}
          rowClass={(row) => (row.kind === "line" ? "" : row.kind === "carry" ? "carry" : "strong")}
          onCurrent={setCurrent}
          onOpen={drill}
          onEnd={() => {
            if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
          }}
          empty={
            asked === null ? (
              t("report.choose", { key: shownKey(keymap, "report", "run") })
            ) : pages.isError ? (
              <span className="negative">{faults.line(pages.error)}</span>
            ) : pages.isPending ? (
              t("list.loading")
            ) : (
              t("report.empty")
            )
          }
          foot={
            rows.length ? (
              <>
                <span>{t("report.rows", { count: `${rows.length}${last?.next ? "+" : ""}` })}</span>
                {leads ? <span className="soft">{leads}</span> : null}
              </>
            ) : null
          }
        />
      </div>
    </section>
  );
}

function formText(form: ReportPage["form"], language: Language): string {
  if (!form) return "";
  if (typeof form === "string") return form;
  return form.number || (language === "en" ? form.title_en : form.title_vi) || "";
}
