// What mends a thing that needs a person: one act of the server each. A warning it asks back is shown, and answered.
import { type ReactNode, useState } from "react";
import { type Books, useBooks } from "../api/books";
import { get, Problem, post, put } from "../api/client";
import { useFaults } from "../api/faults";
import type { CatalogEntry, FaultAnswer, Todo, Voucher } from "../api/types";
import { Ask } from "../keys/ask";
import { makeIdent } from "../kit/ident";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { FaultList } from "./faultlist";
import { warningsOf } from "./saving";

export type Mendable = Pick<Todo, "kind" | "object_kind" | "id" | "revision" | "number" | "book" | "act" | "asks">;
export const DOES = ["retry", "post_anyway", "redate", "discard"] as const;
/** The mends that are done at once; the others lead to a screen. */
export type Does = (typeof DOES)[number];

/** The screen of a voucher or an entry, opened at its conflict where that is to be settled. */
export function placeOfObject(item: Pick<Todo, "kind" | "object_kind" | "id">, settles: boolean): string {
  const id = encodeURIComponent(item.id);
  if (item.kind === "catalog") return `/catalog/${item.object_kind}?open=${id}${settles ? "&resolve" : ""}`;
  return `/voucher/${id}${settles ? "?resolve" : ""}`;
}

/** Where the other mends lead. */
export function placeOf(item: Todo, mend: string): string {
  const held = item.held_by[0];
  if (mend === "open_entry" && held) return `/catalog/${held.kind}?open=${encodeURIComponent(held.id)}`;
  return placeOfObject(item, mend === "resolve");
}

/** The first open day of a period that turned out to be locked, "" where no such thing is wrong. */
export function openDayOf(faults: readonly { code: string; params?: FaultAnswer["params"] }[]): string {
  return faults.find((fault) => fault.code === "DATE_LOCKED")?.params?.first_open_day ?? "";
}

/** What would mend a voucher that was refused, in the order of a to-do list. */
export function mendsOf(stored: Voucher | null, book: string): { item: Mendable; day: string; may: Does[] } | null {
  if (!stored || stored.conflict || stored.status.in_flight) return null;
  const own = stored.books.find((state) => state.book === book);
  const wrong = [...stored.faults, ...(own?.faults ?? [])];
  if (wrong.length === 0) return null;
  const asks = wrong.filter((fault) => fault.params?.asks).map((fault) => fault.code);
  const act = own?.faults.length ? own.fault_act : "";
  const { id, type, revision, number, acts } = stored;
  const day = stored.books.some((state) => state.posted) ? "" : openDayOf(wrong);
  const may: Does[] = [];
  if (day) may.push("redate");
  if (asks.length === 0 && acts[act && !stored.faults.length ? act : "edit"] === "") may.push("retry");
  if (acts.discard === "") may.push("discard");
  return {
    item: { kind: "voucher", object_kind: type, id, revision, number, book: act ? book : "", act, asks },
    day,
    may,
  };
}

async function send({ path }: Books, name: Does, item: Mendable, answered: readonly string[]): Promise<unknown> {
  const act_id = makeIdent();
  if (item.kind === "catalog") {
    const place = path(`/catalog/${item.object_kind}/${encodeURIComponent(item.id)}`);
    if (name === "discard") return post(`${place}/discard`, { act_id });
    const entry = await get<CatalogEntry>(place); // the same form once more
    return put(place, { act_id, base: entry.revision, body: entry.body });
  }
  const asked = { act_id, revision: item.revision };
  const place = path(`/vouchers/${item.id}`);
  if (name === "post_anyway") {
    const codes = [...new Set([...item.asks, ...answered])];
    return post(`${place}/${item.act === "unpost" ? "unpost" : "post"}`, {
      ...asked,
      book: item.book,
      answered: codes,
    });
  }
  if (name === "discard") return post(`${place}/discard`, asked);
  if (name === "redate") return post(`${place}/redate`, { ...asked, answered });
  return post(`${place}/retry`, { ...asked, book: item.book, answered });
}

interface Words {
  readonly title: string;
  readonly yes: string;
  readonly done?: string;
}

interface Asked {
  readonly words: Words;
  readonly faults: readonly FaultAnswer[];
  readonly again: () => void;
}

export interface Mending {
  /** Does an act; where the server asks back, the question is shown and the act done again with the answer. */
  readonly attempt: (run: (answered: readonly string[]) => Promise<unknown>, words: Words) => Promise<boolean>;
  readonly mend: (name: Does, item: Mendable) => void;
  readonly questions: ReactNode;
}

export function useMend(refresh: () => Promise<unknown>): Mending {
  const books = useBooks();
  const { t } = useLocale();
  const tell = useTell();
  const faults = useFaults(books.spec.faults);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [dropping, setDropping] = useState<Mendable | null>(null);

  const attempt = async (
    run: (answered: readonly string[]) => Promise<unknown>,
    words: Words,
    answered: readonly string[] = [],
  ): Promise<boolean> => {
    try {
      await run(answered);
      if (words.done) tell("good", words.done);
      await refresh();
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === "WARNING_ASK") {
        const wanted = warningsOf(error);
        const codes = [...answered, ...wanted.map((item) => item.code)];
        setAsked({ words, faults: wanted, again: () => void attempt(run, words, codes) });
      } else tell("bad", faults.line(error));
      await refresh();
      return false;
    }
  };
  const go = (name: Does, item: Mendable) =>
    void attempt((answered) => send(books, name, item, answered), {
      title: t(`mend.${name}`),
      yes: t("act.yes"),
      done: t(`mend.done.${name}`, { number: item.number }),
    });
  const questions = (
    <>
      {asked ? (
        <Ask
          title={asked.words.title}
          yes={asked.words.yes}
          no={t("act.no")}
          onYes={() => {
            setAsked(null);
            asked.again();
          }}
          onNo={() => setAsked(null)}
          testid="post-warnings"
        >
          <FaultList faults={asked.faults.map(faults.fault)} />
        </Ask>
      ) : null}
      {dropping ? (
        <Ask
          title={t("mend.discard")}
          yes={t("mend.discard")}
          no={t("act.no")}
          onYes={() => {
            setDropping(null);
            go("discard", dropping);
          }}
          onNo={() => setDropping(null)}
          testid="discard"
        >
          <p>{t("mend.discard_sure", { number: dropping.number })}</p>
        </Ask>
      ) : null}
    </>
  );
  return { attempt, mend: (name, item) => (name === "discard" ? setDropping(item) : go(name, item)), questions };
}
