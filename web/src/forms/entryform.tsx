// One catalog entry being added or edited: in a catalog's own screen, or in place from a voucher by F9.
import { useEffect, useMemo, useRef, useState } from "react";
import { useBooks } from "../api/books";
import { get, Problem, put } from "../api/client";
import { useFaults } from "../api/faults";
import type { Body, CatalogEntry, CatalogKind, FieldSpec } from "../api/types";
import { Actions } from "../keys/actions";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { useLeave, useUnsaved } from "../keys/leave";
import { Icon } from "../kit/icon";
import { makeIdent } from "../kit/ident";
import { useLocale } from "../locale/locale";
import { useCells } from "./cellcontext";
import { EntryConflict, type StaleEntry, StaleEntryChoice } from "./entryconflict";
import { fieldsOf } from "./entryfields";
import { FaultList } from "./faultlist";
import { FieldBox, TYPING } from "./fieldbox";
import { RatesBox } from "./ratesbox";

function textsOf(fields: readonly FieldSpec[], body: Body): Record<string, string> {
  return Object.fromEntries(
    fields.map((field) => {
      const value = body[field.name];
      if (field.kind === "flag")
        return [field.name, value === true || (value === undefined && field.name === "active") ? "true" : ""];
      return [field.name, typeof value === "string" || typeof value === "number" ? String(value) : ""];
    }),
  );
}

export function bodyFromTexts(fields: readonly FieldSpec[], texts: Readonly<Record<string, string>>, rest: Body): Body {
  const body: Body = { ...rest };
  for (const field of fields) {
    const text = texts[field.name] ?? "";
    delete body[field.name];
    if (field.kind === "flag") body[field.name] = text === "true";
    else if (text !== "") body[field.name] = field.kind === "count" ? Number(text) : text;
  }
  return body;
}

interface Props {
  readonly kind: CatalogKind;
  /** Empty id for a new entry. */
  readonly id: string;
  readonly typed?: string;
  /** What a new entry begins with, for example is_customer where a customer was being chosen. */
  readonly preset?: Body;
  readonly onClose: () => void;
  readonly onSaved: (entry: CatalogEntry) => void;
}

export function EntryForm({ kind, id, typed = "", preset, onClose, onSaved }: Props) {
  const { path, spec, catalogs, word } = useBooks();
  const { t } = useLocale();
  const tellFaults = useFaults(spec.faults);
  const fields = useMemo(() => fieldsOf(kind, spec), [kind, spec]);
  const maps = kind.attributes.filter((item) => item.kind === "map");
  const { sources, context } = useCells(fields, null);
  const looksLikeCode = /^[\w.-]{1,20}$/.test(typed) && /\d/.test(typed);
  const [entry, setEntry] = useState<CatalogEntry | null>(null);
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    textsOf(fields, { ...preset, ...(typed ? { [looksLikeCode ? "code" : "name"]: typed } : {}) }),
  );
  const [rest, setRest] = useState<Body>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [general, setGeneral] = useState<string[]>([]);
  const [resolving, setResolving] = useState(false);
  const [stale, setStale] = useState<StaleEntry | null>(null);
  const actId = useRef(makeIdent());
  const newId = useRef(makeIdent());
  const latest = useRef(texts);
  latest.current = texts;
  const from = useRef(JSON.stringify(texts));
  const boxes = useRef<HTMLDivElement>(null);
  const leave = useLeave();
  useUnsaved({
    changed: () => from.current !== JSON.stringify(latest.current) || Boolean(boxes.current?.querySelector(TYPING)),
    drop: () => {
      from.current = JSON.stringify(latest.current);
    },
  });
  const bad = useRef(wrong);
  bad.current = wrong;

  // biome-ignore lint/correctness/useExhaustiveDependencies: read once, when the form opens
  useEffect(() => {
    if (!id) return;
    get<CatalogEntry>(path(`/catalog/${kind.name}/${encodeURIComponent(id)}`)).then(
      (found) => {
        setEntry(found);
        setRest(
          Object.fromEntries(
            Object.entries(found.body).filter(([name]) => kind.attributes.some((item) => item.name === name)),
          ),
        );
        const read = textsOf(fields, found.body);
        from.current = JSON.stringify(read);
        setTexts(read);
      },
      (error: unknown) => setGeneral([tellFaults.line(error)]),
    );
  }, [id]);

  const unsettled = entry?.conflict ? t("conflict.first") : "";
  const save = async (onto = entry?.revision ?? 0) => {
    if (unsettled) return setGeneral([unsettled]);
    (document.activeElement as HTMLElement | null)?.blur();
    await Promise.resolve(); // the box's last text has arrived
    const unread = Object.keys(bad.current).find((name) => bad.current[name]);
    if (unread) {
      boxes.current?.querySelector<HTMLElement>(`[data-field="${unread}"]`)?.focus();
      return;
    }
    const body = bodyFromTexts(fields, latest.current, rest);
    const target = id || (kind.natural ? String(body.code ?? "") : newId.current);
    try {
      const saved = await put<{ id: string; revision: number; status: string }>(
        path(`/catalog/${kind.name}/${encodeURIComponent(target)}`),
        {
          act_id: actId.current,
          base: onto,
          body,
        },
      );
      const made: CatalogEntry = {
        id: saved.id ?? target,
        version: entry?.version ?? 0,
        revision: saved.revision,
        body,
        status: saved.status,
        used: entry?.used ?? false,
      };
      catalogs.put(kind.name, made);
      onSaved(made);
    } catch (error) {
      actId.current = makeIdent();
      if (error instanceof Problem && error.code === "STALE_VERSION" && error.body.theirs) {
        const base = entry && { body: entry.body, author: "", at: "" };
        return setStale({ mine: body, theirs: error.body.theirs as StaleEntry["theirs"], base });
      }
      const told = tellFaults.problem(error);
      const faulty = told.find((item) => fields.some((field) => field.name === item.field));
      boxes.current?.querySelector<HTMLElement>(`[data-field="${faulty?.field ?? fields[0]?.name}"]`)?.focus();
      setFaults(
        Object.fromEntries(
          told.filter((item) => item.field).map((item) => [item.field, `${item.sentence} ${item.cure}`]),
        ),
      );
      setGeneral(
        told
          .filter((item) => !item.field || !fields.some((field) => field.name === item.field))
          .map((item) => `${item.sentence} ${item.cure}`),
      );
    }
  };

  if (id && !entry && general.length === 0) return null;
  if (stale) {
    return (
      <StaleEntryChoice
        kind={kind}
        stale={stale}
        onMine={() => {
          setStale(null);
          void save(stale.theirs.revision);
        }}
        onTheirs={onClose}
        onStay={() => setStale(null)}
      />
    );
  }
  if (resolving) return <EntryConflict kind={kind} id={id} onClose={() => setResolving(false)} onSettled={onClose} />;
  const isNew = !id;
  const close = () => leave(onClose);
  const isClosed = (field: FieldSpec) => unsettled !== "" || (!isNew && kind.natural && field.name === "code");
  const first = fields.find((field) => !isClosed(field));
  return (
    <Dialog
      title={
        isNew
          ? t("catalog.new", { title: kind.title.toLowerCase() })
          : t("catalog.edit", { name: String(entry?.body.name ?? id) })
      }
      onClose={close}
      onAccept={() => void save()}
      onResolve={unsettled ? () => setResolving(true) : undefined}
      size="lg"
      testid="entry-form"
    >
      {unsettled ? (
        <div className="banner bad" role="alert" style={{ marginBottom: 12 }} data-testid="entry-conflict">
          <Icon name="split" />
          <div className="grow">{t("conflict.entry_text")}</div>
          <Button
            stop
            first
            look="primary"
            scope="dialog"
            act="resolve"
            run={() => setResolving(true)}
            testid="entry-resolve"
          >
            {word(["act", "resolve"], t("conflict.title"))}
          </Button>
        </div>
      ) : entry?.faults?.length ? (
        <div className="banner bad" role="alert" style={{ marginBottom: 12 }} data-testid="entry-refused">
          <Icon name="warning" />
          <div className="grow">
            <strong>{word(["detail", "sync_failed"])}</strong>
            <FaultList faults={entry.faults.map(tellFaults.fault)} />
          </div>
        </div>
      ) : null}
      <div className="two" ref={boxes}>
        {fields.map((field) => (
          <FieldBox
            key={field.name}
            field={field}
            value={texts[field.name] ?? ""}
            context={context}
            sources={sources}
            readOnly={isClosed(field)}
            wrong={wrong[field.name]}
            fault={faults[field.name]}
            autoFocus={field === first}
            className={field.name === "name" || field.name === "address" || field.name === "note" ? "wide" : ""}
            testid={`entry-${field.name}`}
            onChange={(value, fault) => {
              setTexts((old) => ({ ...old, [field.name]: value }));
              setWrong((old) => ({ ...old, [field.name]: fault }));
              setFaults((old) => ({ ...old, [field.name]: "" }));
            }}
          />
        ))}
        {maps.map((item) => (
          <RatesBox
            key={item.name}
            label={item.label}
            value={rest[item.name]}
            context={context}
            sources={sources}
            onChange={(value) => setRest((old) => ({ ...old, [item.name]: value }))}
          />
        ))}
      </div>
      {general.length ? (
        <div className="banner bad" role="alert" style={{ marginTop: 12 }} data-testid="entry-faults">
          {general.join(" ")}
        </div>
      ) : null}
      <Actions
        accept={() => void save()}
        words={t("act.save")}
        refused={unsettled}
        testid="entry-save"
        close={close}
        closeWords={t("act.cancel")}
      />
    </Dialog>
  );
}
