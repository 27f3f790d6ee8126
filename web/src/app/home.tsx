// The desk one begins at: what is left over, what is usual, what was done last.
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import type { Page, VoucherRow } from "../api/types";
import { statusWord } from "../forms/statusword";
import { Button } from "../keys/button";
import { showNumber } from "../kit/amount";
import { showDay, showMoment } from "../kit/day";
import { StatusMark } from "../kit/status";
import { useLocale } from "../locale/locale";
import { TodoList } from "./todo";

const SHOWN_MAX = 8;

export function Home() {
  const { spec, tenant, path, branch, book, sync, word } = useBooks();
  const { t, language } = useLocale();
  const [, navigate] = useLocation();
  const recent = useQuery({
    queryKey: [tenant, "vouchers", "recent", branch, book],
    queryFn: () => get<Page<VoucherRow>>(path(`/vouchers${query({ branch, book, limit: SHOWN_MAX })}`)),
  });
  const types = spec.voucher_types.filter((item) => !item.before_books);
  const title = (code: string) => spec.voucher_types.find((item) => item.code === code)?.short ?? "";
  const tallies = [
    [t("sync.waiting"), sync?.pending ?? 0],
    [t("sync.in_flight"), sync?.in_flight ?? 0],
    [t("sync.failures"), sync?.failed ?? 0],
    [t("sync.in_conflict"), sync?.conflicts ?? 0],
  ] as const;

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
      </div>
      <TodoList />
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
