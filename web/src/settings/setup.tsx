// The first thing an empty company sees: a few lines, then the books can begin.
import { useMemo, useRef, useState } from "react";
import { today, useBooks } from "../api/books";
import { post } from "../api/client";
import { useFaults } from "../api/faults";
import { plainField, useCells } from "../forms/cellcontext";
import { FieldBox } from "../forms/fieldbox";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

export function Setup() {
  const { path, spec, company, reloadSpec, word } = useBooks();
  const { t } = useLocale();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const year = today().slice(0, 4);
  const fields = useMemo(() => {
    const label = (name: string, otherwise: string) => word(["attribute", name], otherwise);
    return [
      plainField("name", word(["attribute_of", "company", "name"], t("settings.company")), "text", { required: true }),
      plainField("tax_code", label("tax_code", "MST"), "text", { length_max: 14 }),
      plainField("address", label("address", "")),
      plainField("director", label("director", "")),
      plainField("chief_accountant", label("chief_accountant", "")),
      plainField("cashier", label("cashier", "")),
      plainField("regime", t("setup.regime"), "choice", {
        required: true,
        among: spec.regimes.map((item) => ({ value: item.code, label: item.short || item.name })),
      }),
      plainField("year_first_month", t("setup.first_month"), "count", { required: true }),
      plainField("books_first_day", t("setup.books_first_day"), "day", { required: true }),
      plainField("branch_code", t("setup.branch_code"), "text", { required: true, length_max: 50 }),
      plainField("branch_name", t("setup.branch_name"), "text", { required: true }),
    ];
  }, [spec, t, word]);
  const { sources, context } = useCells(fields, null);
  const begin = spec.regimes.find(
    (item) => item.since <= `${year}-01-01` && (!item.until || item.until >= `${year}-01-01`),
  );
  const [texts, setTexts] = useState<Record<string, string>>({
    name: company.name && company.name !== company.code ? company.name : "",
    regime: begin?.code ?? "",
    year_first_month: "1",
    books_first_day: `${year}-01-01`,
    branch_code: "TSC",
    branch_name: word(["choice", "branch_kind", "head_office"], ""),
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [places, setPlaces] = useState<Record<string, string>>({});
  const [general, setGeneral] = useState("");
  const [busy, setBusy] = useState(false);
  const latest = useRef(texts);
  const actId = useRef(makeIdent());
  const about = spec.regimes.find((item) => item.code === texts.regime)?.about;

  const go = async () => {
    (document.activeElement as HTMLElement | null)?.blur();
    await Promise.resolve();
    if (busy || Object.values(wrong).some(Boolean)) return;
    setBusy(true);
    const typed = latest.current;
    const named = ["name", "tax_code", "address", "director", "chief_accountant", "cashier"];
    try {
      await post(path("/setup"), {
        act_id: actId.current,
        company: Object.fromEntries(named.filter((name) => typed[name]).map((name) => [name, typed[name] ?? ""])),
        regime: typed.regime ?? "",
        year_first_month: Number(typed.year_first_month || 1),
        books_first_day: typed.books_first_day ?? "",
        branch: { code: typed.branch_code ?? "", name: typed.branch_name ?? "" },
      });
      tell("good", t("setup.done"));
      await reloadSpec();
    } catch (error) {
      actId.current = makeIdent();
      const told = faults.problem(error);
      setPlaces(
        Object.fromEntries(
          told
            .filter((item) => item.field)
            .map((item) => [
              item.field.replace(/^(company|branch)\./, (_, room: string) => (room === "branch" ? "branch_" : "")),
              item.sentence,
            ]),
        ),
      );
      setGeneral(told.map((item) => `${item.sentence} ${item.cure}`).join(" "));
      setBusy(false);
    }
  };
  useScope("page", { save: () => void go() });

  return (
    <section className="page scroll" data-regions="" data-testid="setup">
      <div className="panel pad" style={{ maxWidth: 780, margin: "12px auto", width: "100%" }} data-region="setup">
        <h1>{t("setup.title")}</h1>
        <p className="soft">{t("setup.text")}</p>
        <div className="two">
          {fields.map((field, index) => (
            <FieldBox
              key={field.name}
              field={field}
              value={texts[field.name] ?? ""}
              context={context}
              sources={sources}
              autoFocus={index === 0}
              wrong={wrong[field.name]}
              fault={places[field.name]}
              className={field.name === "name" || field.name === "address" || field.name === "regime" ? "wide" : ""}
              testid={`setup-${field.name}`}
              onChange={(value, fault) => {
                latest.current = { ...latest.current, [field.name]: value };
                setTexts(latest.current);
                setWrong((old) => ({ ...old, [field.name]: fault }));
              }}
            />
          ))}
        </div>
        {about ? <p className="soft">{about}</p> : null}
        {general ? (
          <div className="banner bad" role="alert" data-testid="mistakes">
            {general}
          </div>
        ) : null}
        <div className="actions">
          <Button
            stop
            look="primary"
            scope="page"
            act="save"
            run={() => void go()}
            refused={busy ? t("list.loading") : ""}
            testid="setup-go"
          >
            {t("setup.go")}
          </Button>
        </div>
      </div>
    </section>
  );
}
