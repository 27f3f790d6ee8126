// Việc cần xử lý: everything that needs a person, why, and what mends it; each mend is a button reached by keys.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, post, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { Todo, TodoPage } from "../api/types";
import { DOES, type Does, openDayOf, placeOf, useMend } from "../forms/mending";
import { Button } from "../keys/button";
import { showDay, showMoment } from "../kit/day";
import { useLocale } from "../locale/locale";

const SHOWN_MAX = 20;
const LEADS = ["open", "open_entry", "resolve"] as const;
type Leads = (typeof LEADS)[number];

export function TodoList() {
  const { spec, tenant, path, sync, word } = useBooks();
  const { t } = useLocale();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const faults = useFaults(spec.faults);
  const needed = useQuery({
    queryKey: [tenant, "sync-results", "todo"], // fetched anew with them
    queryFn: () => get<TodoPage>(path(`/todo${query({ limit: SHOWN_MAX })}`)),
    retry: false,
  });
  const { attempt, mend, questions } = useMend(() => client.invalidateQueries({ queryKey: [tenant] }));
  const items = needed.data?.items ?? [];
  const putAway = ({ elsewhere, number }: Todo) =>
    void attempt(() => post(path(`/todo/elsewhere/${elsewhere}/away`)), {
      title: t("mend.known"),
      yes: t("act.yes"),
      done: t("mend.done.known", { number }),
    });

  const button = (item: Todo, name: string) => {
    if (name === "open") return null; // its number is the link
    const does = (DOES as readonly string[]).includes(name);
    if (!does && !(LEADS as readonly string[]).includes(name)) return null;
    const held = item.held_by[0];
    const day = openDayOf(item.faults);
    const label =
      name === "redate" && day
        ? t("mend.redate_to", { day: showDay(day) })
        : t(`mend.${name as Does | Leads}`, { name: held?.code || held?.name || "" });
    return (
      <Button
        key={name}
        stop
        look={name === "discard" ? "danger" : undefined}
        run={() => (does ? mend(name as Does, item) : navigate(placeOf(item, name)))}
        testid={`todo-${name}`}
      >
        {label}
      </Button>
    );
  };

  return (
    <div className="panel" data-region="todo">
      <h2 style={{ padding: "12px 14px 6px" }}>
        {t("home.todo")}
        {needed.data?.count ? (
          <span className="tally" title={t("home.todo_mine", { mine: sync?.todo_mine ?? 0 })}>
            {needed.data.count}
          </span>
        ) : null}
      </h2>
      {items.length ? (
        <table className="compare" aria-label={t("home.todo")} data-testid="todo-list">
          <tbody>
            {items.map((item) => (
              <tr key={`${item.kind}${item.id}${item.book}${item.at}`} data-testid="todo" data-id={item.id}>
                <td>
                  {item.elsewhere ? (
                    item.number
                  ) : (
                    <Link href={placeOf(item, "open")} data-stop="" data-testid="todo-open">
                      {item.number || item.description}
                    </Link>
                  )}
                  {item.kind === "catalog" && item.number ? <div className="soft">{item.description}</div> : null}
                </td>
                <td>
                  <span className="mark bad">{word(["detail", item.state])}</span>
                </td>
                <td>{item.faults[0] ? faults.fault(item.faults[0]).sentence : ""}</td>
                <td className="soft">{`${item.user} ${showMoment(item.at)}`}</td>
                <td>
                  {item.elsewhere ? (
                    <span className="row-flex">
                      {t("mend.elsewhere", { office: item.office || t("mend.another_office") })}
                      <Button stop run={() => putAway(item)} testid="todo-known">
                        {t("mend.known")}
                      </Button>
                    </span>
                  ) : (
                    <span className="row-flex">{item.mends.map((name) => button(item, name))}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="soft" style={{ margin: 0, padding: "0 14px 10px" }}>
          {t("home.todo_none")}
        </p>
      )}
      {questions}
    </div>
  );
}
