// The desk one begins at: what is left over, what is usual, what was done last.
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { Page, Todo, TodoPage, VoucherRow } from "../api/types";
import { statusWord } from "../forms/statusword";
import { Button } from "../keys/button";
import { showNumber } from "../kit/amount";
import { showDay, showMoment } from "../kit/day";
import { StatusMark } from "../kit/status";
import { useLocale } from "../locale/locale";

const SHOWN_MAX = 8;

export function Home() {
  const { spec, tenant, path, branch, book, sync, word } = useBooks();
  const { t, language } = useLocale();
  const [, navigate] = useLocation();
  const faults = useFaults(spec.faults);
  const recent = useQuery({
    queryKey: [tenant, "vouchers", "recent", branch, book],
    queryFn: () => get<Page<VoucherRow>>(path(`/vouchers${query({ branch, book, limit: SHOWN_MAX })}`)),
  });
  const needed = useQuery({
    queryKey: [tenant, "sync-results", "todo"], // fetched anew with them
    queryFn: () => get<TodoPage>(path(`/todo${query({ limit: SHOWN_MAX })}`)),
    retry: false,
  });
  const types = spec.voucher_types.filter((item) => !item.before_books);
  const title = (code: string) => spec.voucher_types.find((item) => item.code === code)?.short ?? "";
  const tallies = [
    [t("sync.waiting"), sync?.pending ?? 0],
    [t("sync.in_flight"), sync?.in_flight ?? 0],
    [t("sync.failures"), sync?.failed ?? 0],
    [t("sync.in_conflict"), sync?.conflicts ?? 0],
  ] as const;
  const todo = needed.data?.items ?? [];
  const placeOf = (item: Todo) => (item.kind === "voucher" ? `/voucher/${item.id}` : `/catalog/${item.object_kind}`);

  return (
    <section className="page scroll" data-regions="" data-testid="home">
      <div className="cards">
        <div className="panel pad" data-region="enter">
          <h2>{t("home.enter")}</h2>
          <div className="links">
            {types.map((item) => (
              <Button key={item.code} stop run={() => navigate(`/v/${item.code}/new`)} testid={`new-${item.code}`}>
                {item.title}
              </Button>
            ))}
          </div>
        </div>
        <div className="panel pad" data-region="sync">
          <h2>{t("sync.title")}</h2>
          <dl className="tallies">
            {tallies.map(([label, count]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd className="figure">{count}</dd>
              </div>
            ))}
          </dl>
          <p className="soft" style={{ margin: 0 }}>
            {t("sync.as_of")} {showMoment(sync?.as_of) || "—"}
          </p>
        </div>
        <div className="panel pad" data-region="todo">
          <h2>
            {t("home.todo")}
            {needed.data?.count ? <span className="tally">{needed.data.count}</span> : null}
          </h2>
          {todo.length ? (
            todo.map((item) => (
              <div key={`${item.id}${item.book}`} className="row-flex" style={{ padding: "3px 0" }} data-testid="todo">
                <Link href={placeOf(item)} data-stop="" data-testid="todo-open">
                  {item.number || item.description}
                </Link>
                <span className="mark bad">{word(["detail", item.state])}</span>
                <span
                  className="soft ellipsis grow"
                  title={item.faults[0] ? faults.fault(item.faults[0]).sentence : ""}
                >
                  {item.faults[0] ? faults.fault(item.faults[0]).sentence : ""}
                </span>
              </div>
            ))
          ) : (
            <p className="soft" style={{ margin: 0 }}>
              {t("home.todo_none")}
            </p>
          )}
        </div>
      </div>
      <div className="panel" data-region="recent">
        <h2 style={{ padding: "12px 14px 6px" }}>{t("home.recent")}</h2>
        <table className="compare" data-testid="recent" aria-label={t("home.recent")}>
          <thead className="visually-hidden">
            <tr>
              <th>{word(["field", "accounting_date"])}</th>
              <th>{word(["field", "number"])}</th>
              <th>{t("shell.vouchers")}</th>
              <th>{t("list.partner")}</th>
              <th>{word(["field", "description"])}</th>
              <th>{t("list.amount")}</th>
              <th>{t("list.state")}</th>
            </tr>
          </thead>
          <tbody>
            {(recent.data?.items ?? []).map((row) => (
              <tr key={row.id}>
                <td>{showDay(row.accounting_date)}</td>
                <td>
                  <Link href={`/voucher/${row.id}`} data-stop="">
                    {row.number}
                  </Link>
                </td>
                <td className="soft">{title(row.type)}</td>
                <td>{row.partner_name}</td>
                <td>{row.description}</td>
                <td className="figure">{showNumber(row.total, language)}</td>
                <td>
                  <StatusMark status={row.status} word={statusWord(word, t, row.status)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {recent.data?.items.length === 0 ? (
          <p className="soft" style={{ padding: "0 14px 10px" }}>
            {t("list.empty")}{" "}
            {spec.voucher_types.some((item) => item.before_books) ? (
              <Link href="/balances" data-stop="">
                {t("balances.title")}
              </Link>
            ) : null}
          </p>
        ) : null}
      </div>
    </section>
  );
}
