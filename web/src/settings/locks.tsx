// Lock dates: per branch and book, everything dated on or before the day is closed. Back goes only with a reason.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, put, query } from "../api/client";
import { type ToldFault, useFaults } from "../api/faults";
import type { NumberCheck } from "../api/numbers";
import { plainField, useCells } from "../forms/cellcontext";
import { BranchSelect } from "../forms/choose";
import { FieldBox } from "../forms/fieldbox";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { showDay, showMoment } from "../kit/day";
import { enterGoesOn } from "../kit/focus";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

interface Lock {
  branch: string;
  book: string;
  /** Empty: open. */
  day: string;
  reason: string;
  author: string;
  at: string;
}

const NO_FIELDS: never[] = [];

export function Locks() {
  const { tenant, path, spec, book, word, reloadSpec } = useBooks();
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const { sources, context } = useCells(NO_FIELDS, null);
  const locks = useQuery({ queryKey: [tenant, "lock"], queryFn: () => get<Lock[]>(path("/locks")) });
  const past = useQuery({ queryKey: [tenant, "lock", "history"], queryFn: () => get<Lock[]>(path("/locks/history")) });
  const [branch, setBranch] = useState("");
  const [typed, setTyped] = useState({ day: "", reason: "" });
  const [wrong, setWrong] = useState("");
  const [told, setTold] = useState<readonly ToldFault[]>([]);
  const checks = useQuery({
    queryKey: [tenant, "numbers", "check", typed.day, branch],
    queryFn: () => get<NumberCheck[]>(path(`/numbers/check${query({ to: typed.day, branch })}`)),
    enabled: typed.day !== "" && wrong === "",
    retry: false,
  });
  const unsound = (checks.data ?? []).filter((item) => item.missing || item.provisional || item.duplicates);
  const check = () => {
    const one = unsound[0];
    const { type, branch: where, fund, day } = one ?? {};
    navigate(`/numbers${query({ type, branch: where, fund, day })}`);
  };
  const latest = useRef(typed);
  const root = useRef<HTMLElement>(null);
  const change = (value: Partial<typeof typed>) => {
    latest.current = { ...latest.current, ...value };
    setTyped(latest.current);
  };
  const refuse = (found: readonly ToldFault[]) => {
    setTold(found);
    const field = found.some((fault) => fault.field === "reason") ? "reason" : "day";
    root.current?.querySelector<HTMLElement>(`[data-field=${field}]`)?.focus();
  };

  const set = async (open: boolean) => {
    const at = document.activeElement as HTMLElement | null;
    at?.blur(); // takes what stands in the box
    at?.focus();
    const { day, reason } = latest.current;
    if (!open && !day) return refuse([faults.fault({ code: "DAY_INVALID", field: "day" })]);
    try {
      const body = { act_id: makeIdent(), day: open ? "" : day, book, branches: branch ? [branch] : [], reason };
      client.setQueryData([tenant, "lock"], await put<Lock[]>(path("/locks"), body));
      void client.invalidateQueries({ queryKey: [tenant, "lock"] });
      setTold([]);
      change({ day: "", reason: "" });
      tell("good", open ? t("settings.unlocked") : t("settings.locked", { day: showDay(day) }));
      void reloadSpec();
    } catch (error) {
      refuse(faults.problem(error));
    }
  };
  useScope("page", { save: () => void set(false), open: () => void set(true), check, close: () => navigate("/") });

  const lockOf = (id: string) => locks.data?.find((item) => item.branch === id && item.book === book && item.day);
  const nameOf = (id: string) => spec.branches.find((item) => item.id === id)?.name ?? "";
  const history = (past.data ?? []).filter((item) => item.book === book);
  return (
    <section className="page scroll" ref={root} data-regions="" data-testid="locks">
      <div className="page-head">
        <h1>{t("settings.locks")}</h1>
        {spec.books.length > 1 ? <span className="soft">{word(["book", book], book)}</span> : null}
      </div>
      <div className="panel pad narrow" data-region="lock">
        <table className="compare" data-testid="lock-days">
          <thead>
            <tr>
              <th>{t("shell.branch")}</th>
              <th>{t("settings.lock_day")}</th>
              <th>{t("sync.user")}</th>
              <th>{t("sync.at")}</th>
            </tr>
          </thead>
          <tbody>
            {spec.branches.map((item) => {
              const lock = lockOf(item.id);
              return (
                <tr key={item.id}>
                  <td>{item.name || item.code}</td>
                  <td>{lock ? showDay(lock.day) : <span className="soft">{t("settings.no_lock")}</span>}</td>
                  <td>{lock?.author}</td>
                  <td>{showMoment(lock?.at)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        <fieldset className="plain two" style={{ marginTop: 12 }} onKeyDown={enterGoesOn}>
          <legend className="visually-hidden">{t("settings.locks")}</legend>
          <BranchSelect value={branch} onChange={setBranch} all={t("shell.all_branches")} testid="lock-branch" />
          <FieldBox
            field={plainField("day", t("settings.lock_day"), "day")}
            value={typed.day}
            wrong={wrong}
            context={context}
            sources={sources}
            testid="lock-day"
            autoFocus
            onChange={(value, code) => {
              setWrong(code);
              change({ day: value });
            }}
          />
          <FieldBox
            className="wide"
            field={plainField("reason", t("settings.lock_reason"), "text")}
            value={typed.reason}
            context={context}
            sources={sources}
            testid="lock-reason"
            onChange={(reason) => change({ reason })}
          />
        </fieldset>
        {told.length ? (
          <div className="banner bad" role="alert" style={{ marginTop: 12 }} data-testid="lock-fault">
            {told.map((fault) => `${fault.sentence} ${fault.cure}`).join(" ")}
          </div>
        ) : null}
        {unsound.length ? (
          <div className="banner wait" role="status" style={{ marginTop: 12 }} data-testid="lock-numbers">
            {t("numbers.check_lock", { count: unsound.length })}
          </div>
        ) : null}
        <div className="actions">
          <Button stop look="primary" scope="page" act="save" run={() => void set(false)} testid="lock-save">
            {t("settings.lock")}
          </Button>
          <Button stop scope="page" act="open" run={() => void set(true)} testid="lock-open">
            {t("settings.unlock")}
          </Button>
          <Button stop scope="page" act="check" run={check} testid="lock-check">
            {t("numbers.check_open")}
          </Button>
        </div>
      </div>
      {history.length ? (
        <div className="panel pad narrow" data-region="history">
          <h2>{t("settings.lock_history")}</h2>
          <table className="compare" data-testid="lock-history">
            <thead>
              <tr>
                <th>{t("sync.at")}</th>
                <th>{t("sync.user")}</th>
                <th>{t("shell.branch")}</th>
                <th>{t("settings.lock_day")}</th>
                <th>{t("sync.reason")}</th>
              </tr>
            </thead>
            <tbody>
              {history.map((item) => (
                <tr key={`${item.at}${item.branch}${item.day}`}>
                  <td>{showMoment(item.at)}</td>
                  <td>{item.author}</td>
                  <td>{nameOf(item.branch)}</td>
                  <td>{item.day ? showDay(item.day) : t("settings.unlock")}</td>
                  <td>{item.reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}
