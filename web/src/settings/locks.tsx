// Lock dates: per branch and book, everything dated on or before the day is closed.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, put } from "../api/client";
import { useFaults } from "../api/faults";
import { plainField, useCells } from "../forms/cellcontext";
import { FieldBox } from "../forms/fieldbox";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { showDay } from "../kit/day";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

interface Lock {
  id: string;
  branch: string;
  book: string;
  day: string;
  reason?: string;
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
  const locks = useQuery({ queryKey: [tenant, "locks"], queryFn: () => get<Lock[]>(path("/locks")) });
  const [day, setDay] = useState("");
  const [branch, setBranch] = useState("");
  const latest = useRef(day);
  const lock = async () => {
    (document.activeElement as HTMLElement | null)?.blur();
    await Promise.resolve();
    try {
      const now = await put<Lock[]>(path("/locks"), {
        act_id: makeIdent(),
        day: latest.current,
        book,
        branches: branch ? [branch] : [],
      });
      client.setQueryData([tenant, "locks"], now);
      tell("good", t("settings.saved"));
      void reloadSpec();
    } catch (error) {
      tell("bad", faults.line(error));
    }
  };
  useScope("page", { save: () => void lock(), close: () => navigate("/") });
  const dayOf = (id: string) => locks.data?.find((item) => item.branch === id && item.book === book)?.day;
  return (
    <section className="page scroll" data-regions="" data-testid="locks">
      <div className="page-head">
        <h1>{t("settings.locks")}</h1>
        {spec.books.length > 1 ? <span className="soft">{word(["book", book], book)}</span> : null}
      </div>
      <div className="panel pad" style={{ maxWidth: 720 }} data-region="lock">
        <table className="compare">
          <thead>
            <tr>
              <th>{t("shell.branch")}</th>
              <th>{t("settings.lock_day")}</th>
            </tr>
          </thead>
          <tbody>
            {spec.branches.map((item) => (
              <tr key={item.id}>
                <td>{item.name || item.code}</td>
                <td>{showDay(dayOf(item.id)) || <span className="soft">{t("settings.no_lock")}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div className="row-flex" style={{ alignItems: "end", marginTop: 12 }}>
          <label className="grow">
            <span className="label">{t("shell.branch")}</span>
            <select className="box" value={branch} onChange={(event) => setBranch(event.target.value)} data-stop="">
              <option value="">{t("shell.all_branches")}</option>
              {spec.branches.map((item) => (
                <option key={item.id} value={item.id}>
                  {item.name}
                </option>
              ))}
            </select>
          </label>
          <FieldBox
            field={plainField("day", t("settings.lock_day"), "day")}
            value={day}
            context={context}
            sources={sources}
            testid="lock-day"
            autoFocus
            onChange={(value, wrong) => {
              latest.current = wrong ? "" : value;
              setDay(value);
            }}
          />
          <Button stop look="primary" scope="page" act="save" run={() => void lock()} testid="lock-save">
            {t("settings.lock")}
          </Button>
        </div>
      </div>
    </section>
  );
}
