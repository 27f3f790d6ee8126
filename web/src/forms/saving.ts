// Cất: sends the draft, keeps it whatever happens, and says what stands in the way.
import { useRef, useState } from "react";
import type { Books } from "../api/books";
import { call, Problem } from "../api/client";
import type { TellFaults, ToldFault } from "../api/faults";
import type { Body, FaultAnswer, Saved, VoucherSpec } from "../api/types";
import { makeIdent } from "../kit/ident";
import type { Side } from "./difference";
import { bodyOf, type Draft, placeOnScreen, wrongPlaces } from "./draft";

export interface Stale {
  readonly mine: Body;
  readonly theirs: Side & { readonly revision: number };
}

export interface SaveState {
  readonly busy: boolean;
  readonly faults: readonly ToldFault[];
  /** Sentences by place on the screen. */
  readonly places: Readonly<Record<string, string>>;
  readonly warnings: readonly FaultAnswer[] | null;
  readonly stale: Stale | null;
}

export const QUIET: SaveState = { busy: false, faults: [], places: {}, warnings: null, stale: null };

export interface SaveRequest {
  readonly id: string;
  readonly revision: number;
  readonly draft: Draft;
  readonly quickFields?: readonly string[];
  readonly answered?: readonly string[];
}

/** The warnings a server wants answered. */
export function warningsOf(problem: Problem): readonly FaultAnswer[] {
  return (problem.body.warnings as FaultAnswer[] | undefined) ?? problem.faults;
}

/** A save keeps its act id while its content is the same, so that a repeated one is the same act to the server. */
export function useSaving(books: Books, voucher: VoucherSpec, tell: TellFaults) {
  const [state, setState] = useState<SaveState>(QUIET);
  const act = useRef({ content: "", id: "" });

  const refused = (error: unknown, draft: Draft, body: Body) => {
    if (error instanceof Problem && error.code === "WARNING_ASK") {
      return setState({ ...QUIET, warnings: warningsOf(error) });
    }
    if (error instanceof Problem && error.code === "STALE_VERSION" && error.body.theirs) {
      return setState({ ...QUIET, stale: { mine: body, theirs: error.body.theirs as Stale["theirs"] } });
    }
    const faults = tell
      .problem(error)
      .map((fault) => (fault.field ? { ...fault, field: placeOnScreen(draft, fault.field) } : fault));
    const places = Object.fromEntries(
      faults.filter((fault) => fault.field).map((fault) => [fault.field, fault.sentence]),
    );
    setState({ ...QUIET, faults, places });
  };

  const save = async (request: SaveRequest): Promise<Saved | null> => {
    const { draft } = request;
    const unread = wrongPlaces(draft);
    if (Object.keys(unread).length) {
      const faults = Object.entries(unread).map(([place, code]) => ({
        ...tell.fault({ code, field: place }),
        field: place,
      }));
      setState({ ...QUIET, faults, places: Object.fromEntries(faults.map((fault) => [fault.field, fault.sentence])) });
      return null;
    }
    const body = bodyOf(voucher, draft);
    const content = JSON.stringify([request.id, request.revision, body, request.answered ?? []]);
    if (act.current.content !== content) act.current = { content, id: makeIdent() };
    setState({ ...QUIET, busy: true });
    try {
      const path = books.path(`/vouchers/${request.id}`);
      const bookList = Array.isArray(body.books) ? (body.books as string[]) : [books.book];
      const saved = request.quickFields
        ? await call<Saved>("PATCH", path, {
            act_id: act.current.id,
            revision: request.revision,
            fields: Object.fromEntries(request.quickFields.map((name) => [name, body[name] ?? ""])),
          })
        : await call<Saved>("PUT", path, {
            act_id: act.current.id,
            revision: request.revision,
            body,
            post_to: books.spec.company.post_on_save === false ? [] : bookList,
            answered: request.answered ?? [],
          });
      setState(QUIET);
      return saved;
    } catch (error) {
      refused(error, draft, body);
      return null;
    }
  };
  return { state, save, clear: () => setState(QUIET) };
}
