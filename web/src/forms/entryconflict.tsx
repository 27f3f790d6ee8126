// Two offices changed one catalog entry: both forms side by side, and one key for the one that stays.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useBooks } from "../api/books";
import { get, post } from "../api/client";
import { useFaults } from "../api/faults";
import type { Body, CatalogEntry, CatalogKind } from "../api/types";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { plainField, useCells } from "./cellcontext";
import { Compare } from "./compare";
import { entryLines, type Side, type Sides, sidesOf } from "./difference";
import { fieldOf, fieldsOf } from "./entryfields";
import { FieldBox } from "./fieldbox";

interface Props {
  readonly kind: CatalogKind;
  readonly id: string;
  readonly onClose: () => void;
  readonly onSettled: () => void;
}

export interface StaleEntry {
  readonly mine: Body;
  readonly theirs: Side & { readonly revision: number };
  /** What the form began from. */
  readonly base: Side | null;
}

interface StaleProps {
  readonly kind: CatalogKind;
  readonly stale: StaleEntry;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
  readonly onStay: () => void;
}

/** The attributes of a kind set side by side, tables among them. */
function useSides(kind: CatalogKind) {
  const { spec } = useBooks();
  const { t } = useLocale();
  const fields = useMemo(
    () => [...fieldsOf(kind, spec), ...kind.attributes.filter((item) => item.kind === "map").map(fieldOf)],
    [kind, spec],
  );
  const { sources, context } = useCells(fields, null);
  const lines = (sides: Sides) => entryLines(fields, sides, context, (on) => t(on ? "value.yes" : "value.no"));
  return { sources, context, lines };
}

/** Another workstation saved the entry while it was open here. */
export function StaleEntryChoice({ kind, stale, onMine, onTheirs, onStay }: StaleProps) {
  const { session } = useBooks();
  const { t } = useLocale();
  const { lines } = useSides(kind);
  const mine = { body: stale.mine, author: session.user, at: "" };
  const sides: Sides = { mine, theirs: stale.theirs, base: stale.base, differences: null };
  return (
    <Compare
      sides={sides}
      lines={lines(sides)}
      title={t("stale.entry_title")}
      note={t("stale.text")}
      onClose={onStay}
      choices={[
        { label: t("conflict.mine"), testid: "stale-mine", primary: true, run: onMine },
        { label: t("stale.theirs"), testid: "stale-theirs", run: onTheirs },
        { label: t("voucher.stay"), testid: "stale-stay", run: onStay },
      ]}
    />
  );
}

type Way = "theirs" | "mine" | "new";
const CODE_LENGTH_MAX = 50;

export function EntryConflict({ kind, id, onClose, onSettled }: Props) {
  const books = useBooks();
  const { tenant, path, spec, catalogs } = books;
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const { sources, context, lines } = useSides(kind);
  const place = path(`/catalog/${kind.name}/${encodeURIComponent(id)}`);
  const asked = useQuery({
    queryKey: [tenant, "catalog", kind.name, "conflict", id], // fetched anew with the catalog
    queryFn: () => get<CatalogEntry>(place),
    refetchOnMount: "always",
  });
  const [typed, setTyped] = useState<string | null>(null);
  const [mistake, setMistake] = useState("");
  const [general, setGeneral] = useState("");
  const newId = useRef(makeIdent());
  const box = useRef<HTMLSpanElement>(null);

  const entry = asked.data;
  const mineCode = String(entry?.mine?.body?.code ?? "");
  // Where only one of the two has another code, that one is free; else one is made that people may change.
  const offered = mineCode && mineCode === String(entry?.conflict?.body?.code ?? "") ? `${mineCode}-2` : mineCode;
  const code = typed ?? offered;

  const settle = async (choice: Way) => {
    setMistake("");
    setGeneral("");
    try {
      const more = choice === "new" ? { code: code.trim(), new_id: newId.current } : {};
      const left = await post<CatalogEntry>(`${place}/resolve`, { act_id: makeIdent(), choice, ...more });
      void catalogs.refresh(kind.name, id);
      if (left.id !== id) void catalogs.refresh(kind.name, left.id);
      void client.invalidateQueries({ queryKey: [tenant] });
      tell("good", t("conflict.settled", { name: String(left.body?.name ?? entry?.body.name ?? id) }));
      onSettled();
    } catch (error) {
      const [first] = faults.problem(error);
      if (choice === "new" && first?.field === "code") {
        setMistake(first.sentence);
        box.current?.querySelector<HTMLInputElement>("input")?.focus();
      } else setGeneral(faults.line(error));
    }
  };

  if (!entry && !asked.isError) return null;
  if (!entry?.conflict || !entry.mine) {
    return (
      <Dialog title={t("conflict.entry_title", { title: kind.title.toLowerCase() })} onClose={onClose} testid="compare">
        <p>{asked.isError ? faults.line(asked.error) : t("conflict.none_left")}</p>
        <div className="actions">
          <Button stop first run={onClose}>
            {t("act.close")}
          </Button>
        </div>
      </Dialog>
    );
  }
  const { conflict: winner, mine, base = null, differences = [] } = entry;
  const sides = sidesOf({ winner, mine, base, differences });
  const name = String(entry.body.name ?? entry.body.code ?? id);
  return (
    <Compare
      sides={sides}
      lines={lines(sides)}
      title={t("conflict.entry_title", { title: `${kind.title.toLowerCase()} · ${name}` })}
      note={
        <>
          {t("conflict.entry_text")}
          {general ? (
            <span className="banner bad" role="alert" data-testid="conflict-fault" style={{ marginTop: 8 }}>
              {general}
            </span>
          ) : null}
        </>
      }
      onClose={onClose}
      choices={[
        {
          label: t(sides.theirs.body ? "conflict.theirs" : "conflict.theirs_gone"),
          testid: "resolve-theirs",
          run: () => void settle("theirs"),
        },
        {
          label: t(sides.mine.body ? "conflict.mine" : "conflict.mine_gone"),
          testid: "resolve-mine",
          run: () => void settle("mine"),
        },
      ]}
    >
      {!kind.natural && sides.mine.body ? (
        <>
          <span ref={box}>
            <FieldBox
              field={plainField("code", t("conflict.new_code"), "text", { length_max: CODE_LENGTH_MAX })}
              value={code}
              context={context}
              sources={sources}
              fault={mistake}
              testid="conflict-code"
              onChange={(text) => {
                setTyped(text);
                setMistake("");
              }}
            />
          </span>
          <Button
            stop
            run={() => void settle("new")}
            refused={code.trim() ? "" : t("conflict.new_code")}
            testid="resolve-new"
          >
            {t("conflict.new_entry")}
          </Button>
        </>
      ) : null}
    </Compare>
  );
}
