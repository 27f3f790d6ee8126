// The company: who it is, who signs, how books are kept, how vouchers are numbered, its years and regimes.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, put } from "../api/client";
import { useFaults } from "../api/faults";
import type { Body, Value } from "../api/types";
import { plainField, useCells } from "../forms/cellcontext";
import { fieldOf } from "../forms/entryfields";
import { bodyFromTexts } from "../forms/entryform";
import { FieldBox, TYPING } from "../forms/fieldbox";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { useUnsaved } from "../keys/leave";
import { addDays, addMonths, partsOf, showDay } from "../kit/day";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { Numbering, type Rules } from "./numbering";

interface CompanyAnswer {
  body: Body;
  revision: number;
  set_up: boolean;
}

const GROUPS: readonly {
  readonly title: "settings.general" | "settings.people" | "settings.books" | "settings.recording";
  readonly names: readonly string[];
}[] = [
  { title: "settings.general", names: ["name", "tax_code", "address", "phone"] },
  { title: "settings.people", names: ["director", "chief_accountant", "cashier", "preparer"] },
  {
    title: "settings.books",
    names: ["books_first_day", "year_first_month", "post_on_save", "two_books", "negative_cash", "duplicate_invoice"],
  },
  { title: "settings.recording", names: ["recording", "recording_seconds"] },
];
const WIDE = new Set(["name", "address", "negative_cash", "duplicate_invoice", "recording", "recording_seconds"]);
/** What counts where the settings say nothing. */
const DEFAULTS: Body = {
  post_on_save: true,
  negative_cash: "warn",
  duplicate_invoice: "warn",
  year_first_month: 1,
  recording: "asynchronous",
  recording_seconds: 20,
};

export function CompanyScreen() {
  const { tenant, path, spec, reloadSpec } = useBooks();
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const kind = spec.catalogs.find((item) => item.name === "company");
  const fields = useMemo(() => (kind?.attributes ?? []).filter((item) => item.kind !== "map").map(fieldOf), [kind]);
  const { sources, context } = useCells(fields, null);
  const company = useQuery({ queryKey: [tenant, "company"], queryFn: () => get<CompanyAnswer>(path("/company")) });
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [rules, setRules] = useState<Rules>({});
  const [places, setPlaces] = useState<Record<string, string>>({});
  const [general, setGeneral] = useState("");
  const latest = useRef(texts);
  latest.current = texts;
  const now = JSON.stringify([texts, rules]);
  const from = useRef(now);
  const root = useRef<HTMLElement>(null);
  useUnsaved({
    changed: () => from.current !== now || Boolean(root.current?.querySelector(TYPING)),
    drop: () => {
      from.current = now;
    },
  });

  useEffect(() => {
    if (!company.data) return;
    const body: Body = { ...DEFAULTS, ...company.data.body };
    const shown = (value: Value | undefined) =>
      value === true
        ? "true"
        : value === false || value === undefined || value === null || typeof value === "object"
          ? ""
          : String(value);
    const read = Object.fromEntries(fields.map((field) => [field.name, shown(body[field.name])]));
    const numbering = (body.numbering ?? {}) as Rules;
    from.current = JSON.stringify([read, numbering]);
    setTexts(read);
    setRules(numbering);
  }, [company.data, fields]);

  const save = async () => {
    (document.activeElement as HTMLElement | null)?.blur();
    await Promise.resolve();
    const body = bodyFromTexts(fields, latest.current, { numbering: rules as unknown as Value });
    try {
      const saved = await put<CompanyAnswer>(path("/company"), {
        act_id: makeIdent(),
        base: company.data?.revision ?? 0,
        body,
      });
      client.setQueryData([tenant, "company"], saved);
      setPlaces({});
      setGeneral("");
      tell("good", t("settings.saved"));
      void reloadSpec();
    } catch (error) {
      const told = faults.problem(error);
      setPlaces(Object.fromEntries(told.filter((item) => item.field).map((item) => [item.field, item.sentence])));
      setGeneral(told.map((item) => `${item.sentence} ${item.cure}`).join(" "));
    }
  };
  useScope("page", { save: () => void save(), reload: () => void company.refetch(), close: () => navigate("/") });
  if (!company.data) return null;

  return (
    <section className="page scroll" ref={root} data-regions="" data-testid="company">
      <div className="page-head">
        <h1>{t("settings.company")}</h1>
        <Button look="primary" scope="page" act="save" run={() => void save()} testid="save">
          {t("act.save")}
        </Button>
      </div>
      {general ? (
        <div className="banner bad" role="alert" data-testid="mistakes">
          {general}
        </div>
      ) : null}
      <div className="cards">
        {GROUPS.map((group) => (
          <fieldset key={group.title} className="panel pad" style={{ margin: 0 }} data-region={group.title}>
            <h2>{t(group.title)}</h2>
            <div className="two">
              {group.names.map((name) => {
                const field = fields.find((item) => item.name === name);
                return field ? (
                  <FieldBox
                    key={name}
                    field={field}
                    value={texts[name] ?? ""}
                    context={context}
                    sources={sources}
                    fault={places[name]}
                    className={WIDE.has(name) ? "wide" : ""}
                    testid={`company-${name}`}
                    onChange={(value) => {
                      latest.current = { ...latest.current, [name]: value };
                      setTexts(latest.current);
                    }}
                  />
                ) : null;
              })}
            </div>
          </fieldset>
        ))}
      </div>
      <Numbering rules={rules} onChange={(code, rule) => setRules((old) => ({ ...old, [code]: rule }))} />
      <Years />
    </section>
  );
}

interface Year {
  code: string;
  first_day: string;
  last_day: string;
  regime: string;
  revision: number;
}

function Years() {
  const { tenant, path, spec, reloadSpec } = useBooks();
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const regimeFields = useMemo(
    () => [
      plainField("regime", t("setup.regime"), "choice", {
        among: spec.regimes.map((item) => ({ value: item.code, label: item.short || item.name })),
      }),
    ],
    [spec.regimes, t],
  );
  const { sources, context } = useCells(regimeFields, null);
  const [regimeField] = regimeFields;
  const years = useQuery({ queryKey: [tenant, "fiscal-years"], queryFn: () => get<Year[]>(path("/fiscal-years")) });
  const [regime, setRegime] = useState("");
  const last = years.data?.at(-1);
  const begin = last ? addDays(last.last_day, 1) : "";
  const add = async () => {
    const code = String(partsOf(begin)?.year ?? "");
    const chosen = regime || last?.regime || spec.regimes[0]?.code || "";
    try {
      await put(path(`/fiscal-years/${code}`), {
        act_id: makeIdent(),
        base: 0,
        body: { code, first_day: begin, last_day: addDays(addMonths(begin, 12), -1), regime: chosen },
      });
      await client.invalidateQueries({ queryKey: [tenant, "fiscal-years"] });
      void reloadSpec();
    } catch (error) {
      tell("bad", faults.line(error));
    }
  };
  const nameOf = (code: string) => spec.regimes.find((item) => item.code === code)?.short ?? code;
  return (
    <fieldset className="panel pad" style={{ margin: 0 }} data-region="years" data-testid="years">
      <h2>{t("settings.years")}</h2>
      <table className="compare">
        <tbody>
          {(years.data ?? []).map((year) => (
            <tr key={year.code}>
              <td>{year.code}</td>
              <td>
                {showDay(year.first_day)} – {showDay(year.last_day)}
              </td>
              <td>{nameOf(year.regime)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {last && regimeField ? (
        <div className="row-flex" style={{ alignItems: "end", marginTop: 10 }}>
          <FieldBox
            className="grow"
            field={regimeField}
            value={regime || last.regime}
            context={context}
            sources={sources}
            onChange={setRegime}
          />
          <Button stop run={() => void add()} testid="add-year">
            {`${t("settings.add_year")} (${showDay(begin)})`}
          </Button>
        </div>
      ) : null}
    </fieldset>
  );
}
