// Số chứng từ: every number of a series accounted for — gaps, duplicates, provisional ones — and renumbering.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearch } from "wouter";
import { today, useBooks } from "../api/books";
import { get, post, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { NumberChange, NumberCheck, Numbers } from "../api/numbers";
import { homeBranch } from "../api/spec";
import { plainField, useCells } from "../forms/cellcontext";
import { BranchSelect, PeriodBoxes, TypeSelect } from "../forms/choose";
import { FieldBox } from "../forms/fieldbox";
import { Actions } from "../keys/actions";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { useScope } from "../keys/layers";
import { showDay, showMoment } from "../kit/day";
import { enterGoesOn } from "../kit/focus";
import { Icon } from "../kit/icon";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

const NO_FIELDS: never[] = [];

export function NumbersScreen() {
  const { tenant, path, spec, branch: chosen, word, period } = useBooks();
  const { t, language } = useLocale();
  const search = new URLSearchParams(useSearch());
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const { sources, context } = useCells(NO_FIELDS, null);
  const [type, setType] = useState(search.get("type") ?? spec.voucher_types[0]?.code ?? "");
  const [branch, setBranch] = useState(search.get("branch") ?? (chosen || homeBranch(spec)));
  const [fund, setFund] = useState(search.get("fund") ?? "");
  const [day, setDay] = useState(search.get("day") ?? today());
  const [renumbering, setRenumbering] = useState(false);
  const asked = query({ type, branch, day, fund });
  const found = useQuery({
    queryKey: [tenant, "numbers", asked],
    queryFn: () => get<Numbers>(path(`/numbers${asked}`)),
    refetchOnMount: "always",
    retry: false,
  });
  const checks = useQuery({
    queryKey: [tenant, "numbers", "check", period.from, period.to],
    queryFn: () => get<NumberCheck[]>(path(`/numbers/check${query({ from: period.from, to: period.to })}`)),
    refetchOnMount: "always",
    retry: false,
  });
  const file = (format: string) =>
    void window.open(`/api${path(`/numbers/file${query({ type, branch, day, fund, format, language })}`)}`, "_blank");
  useScope("report", {
    run: () => void found.refetch(),
    print: () => file("pdf"),
    excel: () => file("xlsx"),
    renumber: () => setRenumbering(true),
    close: () => navigate("/"),
  });
  const view = found.data;
  const attribute = (name: string) => word(["number", name]);
  const unsound = (checks.data ?? []).filter((item) => item.missing || item.provisional || item.duplicates);
  const titleOf = (code: string) => spec.voucher_types.find((item) => item.code === code)?.title ?? code;
  const pick = (item: NumberCheck) => {
    setType(item.type);
    setBranch(item.branch);
    setFund(item.fund);
    setDay(item.day);
  };

  return (
    <section className="page scroll" data-regions="" data-testid="numbers">
      <div className="page-head">
        <h1>{t("numbers.title")}</h1>
        <Button scope="report" act="print" run={() => file("pdf")} testid="numbers-pdf">
          {t("report.pdf")}
        </Button>
        <Button scope="report" act="excel" run={() => file("xlsx")} testid="numbers-excel">
          {t("report.excel")}
        </Button>
        <Button scope="report" act="renumber" run={() => setRenumbering(true)} testid="renumber">
          {word(["act", "renumber"], t("numbers.renumber"))}
        </Button>
      </div>
      <fieldset className="plain filters" data-region="filters" onKeyDown={enterGoesOn}>
        <legend className="visually-hidden">{t("numbers.title")}</legend>
        <TypeSelect autoFocus label={t("shell.vouchers")} value={type} onChange={setType} testid="numbers-type" />
        <BranchSelect value={branch} onChange={setBranch} />
        <FieldBox
          field={plainField("fund", t("numbers.fund"), "fund")}
          value={fund}
          context={context}
          sources={sources}
          onChange={setFund}
        />
        <FieldBox
          field={plainField("day", t("numbers.day"), "day")}
          value={day}
          context={context}
          sources={sources}
          onChange={setDay}
        />
      </fieldset>
      {found.isError ? (
        <div className="banner bad" role="alert" data-testid="numbers-fault">
          {faults.line(found.error)}
        </div>
      ) : null}
      {view ? (
        <>
          <div className={`banner ${view.sound ? "good" : "wait"}`} role="status" data-testid="numbers-state">
            <Icon name={view.sound ? "checkCircle" : "warning"} />
            <span>
              {view.sound
                ? t("numbers.sound")
                : t("numbers.unsound", {
                    missing: view.missing,
                    provisional: view.provisional.length,
                    duplicates: view.duplicates.length,
                  })}{" "}
              ·{" "}
              {t(view.source === "cloud" ? "numbers.from_cloud" : "numbers.from_office", {
                at: showMoment(view.as_of),
              })}
            </span>
          </div>
          <div className="panel" data-region="list">
            <table className="compare" data-testid="numbers-runs">
              <thead>
                <tr>
                  <th>{t("numbers.range")}</th>
                  <th>{attribute("fate")}</th>
                  <th>{attribute("to")}</th>
                  <th>{attribute("by")}</th>
                  <th>{attribute("at")}</th>
                  <th>{attribute("holder")}</th>
                </tr>
              </thead>
              <tbody>
                {view.duplicates.map((item) => (
                  <tr key={item.number} className="differs">
                    <td>{item.number}</td>
                    <td>
                      <span className="mark bad">{word(["number_fate", "duplicate"])}</span>
                    </td>
                    <td colSpan={4}>
                      {item.vouchers.map((id) => (
                        <Button key={id} stop run={() => navigate(`/voucher/${id}`)}>
                          {t("act.open")}
                        </Button>
                      ))}
                    </td>
                  </tr>
                ))}
                {view.provisional.map((item) => (
                  <tr key={item.voucher}>
                    <td>{item.number}</td>
                    <td>
                      <span className="mark">{word(["number_fate", "provisional"])}</span>
                    </td>
                    <td colSpan={4}>
                      <Button stop run={() => navigate(`/voucher/${item.voucher}`)}>
                        {t("act.open")}
                      </Button>
                    </td>
                  </tr>
                ))}
                {view.runs.map((run) => (
                  <tr key={`${run.mark}${run.first}${run.fate}`} data-fate={run.fate}>
                    <td>{run.first === run.last ? run.first_number : `${run.first_number} – ${run.last_number}`}</td>
                    <td>
                      <span className={`mark ${run.fate === "missing" ? "bad" : ""}`}>
                        {word(["number_fate", run.fate])}
                      </span>
                    </td>
                    <td>{run.to}</td>
                    <td>{run.by}</td>
                    <td>{showMoment(run.at)}</td>
                    <td>{run.holder}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      ) : null}
      <div className="panel pad" data-region="checks" data-testid="numbers-checks">
        <h2>{t("numbers.check", { from: showDay(period.from), to: showDay(period.to) })}</h2>
        {unsound.length === 0 ? <p className="soft">{t("numbers.check_sound")}</p> : null}
        {unsound.map((item) => (
          <div key={`${item.type}${item.branch}${item.fund}${item.day}`} className="row-flex">
            <Button stop run={() => pick(item)}>
              {`${titleOf(item.type)} · ${showDay(item.last_day || item.day)}`}
            </Button>
            <span className="mark bad">
              {t("numbers.unsound", {
                missing: item.missing,
                provisional: item.provisional,
                duplicates: item.duplicates,
              })}
            </span>
          </div>
        ))}
      </div>
      {renumbering && branch ? (
        <Renumber type={type} branch={branch} fund={fund} view={view} onClose={() => setRenumbering(false)} />
      ) : null}
    </section>
  );
}

interface RenumberProps {
  readonly type: string;
  readonly branch: string;
  readonly fund: string;
  readonly view: Numbers | undefined;
  readonly onClose: () => void;
}

/** First what would be done is shown; only then it is done. */
function Renumber({ type, branch, fund, view, onClose }: RenumberProps) {
  const { tenant, path, spec, period } = useBooks();
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const { sources, context } = useCells(NO_FIELDS, null);
  const [from, setFrom] = useState(view?.first_day || period.from);
  const [to, setTo] = useState(view?.last_day || period.to);
  const [start, setStart] = useState("");
  const [changes, setChanges] = useState<readonly NumberChange[] | null>(null);
  const [fault, setFault] = useState("");
  const ask = async (dry: boolean) => {
    setFault("");
    try {
      const asked = { type, branch, from, to, fund, start: Number(start) || 0, dry };
      const answer = await post<{ changes: NumberChange[]; done: boolean }>(path("/numbers/renumber"), asked);
      if (dry) return setChanges(answer.changes);
      tell("good", t("numbers.renumbered", { count: answer.changes.length }));
      void client.invalidateQueries({ queryKey: [tenant] });
      onClose();
    } catch (error) {
      setFault(faults.line(error));
    }
  };
  const again =
    <Args extends unknown[]>(change: (...args: Args) => void) =>
    (...args: Args) => {
      setChanges(null);
      change(...args);
    };
  const ready = changes !== null && changes.length > 0;
  return (
    <Dialog
      title={t("numbers.renumber")}
      onClose={onClose}
      onAccept={() => void ask(!ready)}
      size="lg"
      testid="renumber-form"
    >
      <p className="soft">{t("numbers.renumber_hint")}</p>
      <div className="two">
        <PeriodBoxes
          from={from}
          to={to}
          onFrom={again(setFrom)}
          onTo={again(setTo)}
          context={context}
          sources={sources}
        />
        <FieldBox
          field={plainField("start", t("numbers.start"), "count")}
          value={start}
          context={context}
          sources={sources}
          onChange={again(setStart)}
        />
      </div>
      {fault ? (
        <div className="banner bad" role="alert" data-testid="renumber-fault">
          {fault}
        </div>
      ) : null}
      {changes ? (
        <div style={{ maxHeight: "40vh", overflow: "auto" }} data-testid="renumber-changes">
          {changes.length === 0 ? <p className="soft">{t("numbers.renumber_none")}</p> : null}
          <table className="compare">
            <tbody>
              {changes.map((item) => (
                <tr key={item.id}>
                  <td>{showDay(item.accounting_date)}</td>
                  <td>{item.old}</td>
                  <td>→ {item.new}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <Actions
        accept={() => void ask(!ready)}
        words={ready ? t("numbers.renumber_go", { count: changes.length }) : t("numbers.renumber_try")}
        testid="renumber-go"
        close={onClose}
        closeWords={t("act.close")}
      />
    </Dialog>
  );
}
