// The voucher at work: viewing, editing, quick edit; every act enabled by the server's own table, refused with its reason.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { call, post, query } from "../api/client";
import { useFaults } from "../api/faults";
import type { Body, CatalogKind, NewVoucher, Saved, Voucher, VoucherSpec } from "../api/types";
import { Ask } from "../keys/ask";
import { Button } from "../keys/button";
import { useScope } from "../keys/layers";
import { useLeave, useUnsaved } from "../keys/leave";
import { focusRegion } from "../kit/focus";
import { makeIdent } from "../kit/ident";
import { StatusMark } from "../kit/status";
import { useTell } from "../kit/toast";
import { cameFrom } from "../kit/trail";
import { useLocale } from "../locale/locale";
import { useCells } from "./cellcontext";
import type { Side } from "./difference";
import { allFields, isChanged } from "./draft";
import { EntryForm } from "./entryform";
import { FaultList } from "./faultlist";
import { TYPING } from "./fieldbox";
import type { Mode } from "./formprops";
import { Heading } from "./heading";
import { type Does, mendsOf, openDayOf, useMend } from "./mending";
import { VoucherModel } from "./model";
import { useSaving } from "./saving";
import { catalogOf } from "./sources";
import { statusWord } from "./statusword";
import { TimelineDialog } from "./timeline";
import { ConflictChoice, StaleChoice } from "./versions";
import { askedOf, VoucherBanners, VoucherHistory } from "./voucherbanners";
import { VoucherForm } from "./voucherform";

interface Creating {
  readonly kind: CatalogKind;
  readonly text: string;
  readonly preset: Body;
  readonly done: (id: string) => void;
  readonly back: Element | null;
}

type Began = Side & { readonly revision: number };

const NO_DEFAULTS = {};

export function VoucherWork({
  voucher,
  stored,
  begin,
  startEditing,
  startResolving = false,
  onAgain,
}: {
  voucher: VoucherSpec;
  stored: Voucher | null;
  begin: NewVoucher | null;
  startEditing: boolean;
  /** Opened to settle its conflict. */
  startResolving?: boolean;
  onAgain: () => void;
}) {
  const books = useBooks();
  const { tenant, path, spec, book, word, session } = books;
  const { t, language } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const fields = useMemo(() => allFields(voucher), [voucher]);
  const { sources, context, stamp } = useCells(fields, voucher);
  const body = stored?.body ?? begin?.body ?? {};
  const [model] = useState(() => new VoucherModel(voucher, spec, body));
  model.equip(voucher, sources, context, begin?.row_defaults ?? NO_DEFAULTS);
  const saving = useSaving(books, voucher, faults);
  const { stale, warnings } = saving.state;
  const [mode, setMode] = useState<Mode>(startEditing ? "edit" : "view");
  const [revision, setRevision] = useState(stored?.revision ?? 0);
  const [ident] = useState(() => stored?.id ?? makeIdent());
  const [deleting, setDeleting] = useState(false);
  const [creating, setCreating] = useState<Creating | null>(null);
  const [comparing, setComparing] = useState(startResolving);
  const [timeline, setTimeline] = useState(false);
  const afterSave = useRef<"stay" | "new">("stay");
  const began = useRef<Side | null>(stored);
  const root = useRef<HTMLElement>(null);
  const isNew = stored === null;

  /** The form begins anew from what the server has. */
  const begins = (form: Began) => {
    model.reset(form.body ?? {});
    setRevision(form.revision);
    began.current = form;
  };
  // What the server has now is shown at once while nobody types; a draft being typed is never touched.
  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the stored revision only
  useEffect(() => {
    if (stored && mode === "view") begins(stored);
  }, [stored?.revision, stored?.version]);

  const reasonOf = (act: string): string => {
    if (isNew) return t("act.nothing");
    if (mode !== "view") return t("act.editing");
    const code = stored.acts[act];
    if (code === undefined) return t("act.nothing");
    return code
      ? faults.fault({ code, field: "", params: { act: word(["act", act], act).toLowerCase() } }).sentence
      : "";
  };
  const refresh = async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: [tenant, "voucher", ident] }),
      client.invalidateQueries({ queryKey: [tenant, "vouchers"] }),
      client.invalidateQueries({ queryKey: [tenant, "sync"] }),
    ]);
  };
  const { attempt, mend, questions } = useMend(refresh);

  const edit = (next: Mode) => {
    setMode(next);
    requestAnimationFrame(() => root.current && focusRegion(root.current, "header-general"));
  };
  const focusMistake = (places: Readonly<Record<string, string>>) => {
    const [place] = Object.keys(places);
    if (!place) return;
    const [grid, row, column] = place.split(".");
    requestAnimationFrame(() => {
      const box = root.current?.querySelector<HTMLElement>(`[data-field="${place}"]`);
      if (row === undefined && box) return box.focus();
      root.current?.querySelector<HTMLElement>(`[data-testid="tab-${grid}"]`)?.click();
      const at = model.shape(grid ?? "")?.columns.findIndex((item) => item.name === column) ?? -1;
      requestAnimationFrame(() => {
        root.current?.querySelector<HTMLElement>(`[data-testid="grid-${grid}-live"]`)?.focus();
        if (row !== undefined) model.act(grid as string, { type: "focus", row: Number(row), column: Math.max(0, at) });
      });
    });
  };

  /** Saved; in synchronous recording also what is not finished yet. */
  const tellSaved = ({ number, recording }: Saved) => {
    const notice = recording?.notice ? faults.fault(recording.notice) : null;
    if (notice) tell("wait", `${number}: ${notice.sentence} ${notice.cure}`);
    else tell("good", t("voucher.saved", { number }));
  };
  const save = async (then: "stay" | "new", answered: readonly string[] = [], onto = revision) => {
    if (saving.state.busy || mode === "view") return;
    afterSave.current = then;
    (document.activeElement as HTMLElement | null)?.blur();
    model.commitAll();
    const quick =
      mode === "quick" ? voucher.header.filter((field) => field.free).map((field) => field.name) : undefined;
    const saved = await saving.save({
      id: ident,
      revision: onto,
      draft: model.draft,
      answered,
      ...(quick ? { quickFields: quick } : {}),
    });
    if (!saved) return;
    begins({ ...saved, author: session.user, at: "" });
    setMode("view");
    tellSaved(saved);
    void refresh();
    if (then === "new") {
      if (isNew) onAgain();
      else navigate(`/v/${voucher.code}/new`, { replace: true });
    } else if (isNew) navigate(`/voucher/${saved.id}`, { replace: true });
  };
  /** What was typed over an older form, kept as a voucher of its own. */
  const saveApart = async () => {
    const draft = model.draft;
    const id = makeIdent();
    const saved = await saving.save({ id, revision: 0, draft: { ...draft, header: { ...draft.header, number: "" } } });
    if (!saved) return;
    model.reset(saved.body);
    setMode("view");
    tellSaved(saved);
    await refresh();
    navigate(`/voucher/${saved.id}`);
  };
  /** The warnings are accepted: the same save again, with their codes. */
  const answer = () => void save(afterSave.current, warnings?.map((item) => item.code) ?? []);
  const takeTheirs = () => {
    if (!stale) return;
    saving.clear();
    begins(stale.theirs);
    setMode("view");
    void refresh();
  };
  // A mistake found by reading or by the server takes the focus to its box.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each answer
  useEffect(() => focusMistake(saving.state.places), [saving.state.places]);

  const leave = useLeave();
  useUnsaved({
    changed: () => mode !== "view" && (isChanged(voucher, model.draft) || Boolean(root.current?.querySelector(TYPING))),
    drop: () => model.reset(body),
  });
  const close = () => {
    // Back to where one came from: a report one drilled down from, a list, the screen of sync results.
    if (cameFrom()) window.history.back();
    else navigate(voucher.before_books ? "/" : `/v/${voucher.code}`);
  };
  const cancel = () => {
    if (isNew) return leave(close);
    leave(() => {
      begins(stored);
      saving.clear();
      setMode("view");
    });
  };
  const act = async (run: () => Promise<unknown>, done = "") => {
    try {
      await run();
      if (done) tell("good", done);
      await refresh();
      return true;
    } catch (error) {
      tell("bad", faults.line(error));
      await refresh();
      return false;
    }
  };
  const posted = stored?.books.find((item) => item.book === book)?.posted ?? stored?.status.book === "posted";
  const ledgerAct = posted ? "unpost" : "post";
  const postNow = (name: "post" | "unpost", known: readonly string[] = []) => {
    const run = (answered: readonly string[]) =>
      post(path(`/vouchers/${ident}/${name}`), {
        act_id: makeIdent(),
        revision,
        book,
        answered: [...known, ...answered],
      });
    return attempt(run, { title: t(`voucher.${name}_warnings`), yes: t(`voucher.${name}_all_the_same`) });
  };
  const mends = mode === "view" ? mendsOf(stored, book) : null;
  /** Mends what was refused; a save refused for its date is dated anew and done again. */
  const mendNow = (name: Does) => {
    const day = mode === "edit" ? openDayOf(saving.state.faults) : "";
    const dated = fields.find((field) => field.name === "accounting_date");
    if (day && dated) {
      model.setHeader(dated, day, "");
      void save(afterSave.current);
    } else if (mends) mend(name, mends.item);
  };
  const mending = (name: Does) =>
    mends?.may.includes(name) || (name === "redate" && mode === "edit" && openDayOf(saving.state.faults))
      ? () => mendNow(name)
      : undefined;
  const remove = async () => {
    setDeleting(false);
    const gone = await act(
      () => call("DELETE", path(`/vouchers/${ident}`), { act_id: makeIdent(), revision }),
      t("voucher.deleted", { number: stored?.number ?? "" }),
    );
    if (gone) close();
  };
  const resolve = async (choice: "theirs" | "mine" | "new") => {
    setComparing(false);
    const newId = makeIdent();
    const done = await act(() =>
      post(path(`/vouchers/${ident}/resolve`), {
        act_id: makeIdent(),
        choice,
        ...(choice === "new" ? { new_id: newId } : {}),
      }),
    );
    if (done && choice === "new") navigate(`/voucher/${newId}`);
  };
  const print = () =>
    window.open(
      `/api${path(`/print${query({ ids: ident, language, copies: voucher.copies, paper: voucher.paper })}`)}`,
      "_blank",
    );
  const go = (id: string) => leave(() => navigate(`/voucher/${id}`, { replace: true }));
  const canSave = mode === "view" ? t("act.nothing") : saving.state.busy ? t("list.loading") : "";
  const neighbours = isNew ? { previous: "", next: "" } : { previous: stored.previous, next: stored.next };

  const unsettled = mode === "view" && (stored?.conflict || askedOf(stored, book).length > 0);

  const commands = {
    save: { run: () => void save("stay"), refused: canSave },
    save_new: { run: () => void save("new"), refused: canSave },
    new: () => leave(() => (isNew ? onAgain() : navigate(`/v/${voucher.code}/new`, { replace: true }))),
    copy: {
      run: () => leave(() => navigate(`/v/${voucher.code}/new?copy=${ident}`, { replace: true })),
      refused: isNew ? t("act.nothing") : "",
    },
    edit: { run: () => edit("edit"), refused: reasonOf("edit") },
    quick_edit: { run: () => edit("quick"), refused: reasonOf("quick_edit") },
    delete: { run: () => setDeleting(true), refused: reasonOf("delete") },
    cancel: { run: cancel, refused: mode === "view" ? t("act.nothing") : "" },
    post: { run: () => void postNow(ledgerAct), refused: reasonOf(ledgerAct) },
    unpost: { run: () => void postNow("unpost"), refused: reasonOf("unpost") },
    resolve: unsettled
      ? () => (stored?.conflict ? setComparing(true) : void postNow(ledgerAct, askedOf(stored, book)))
      : undefined,
    retry: mending("retry"),
    redate: mending("redate"),
    discard: mending("discard"),
    timeline: { run: () => setTimeline(true), refused: isNew ? t("act.nothing") : "" },
    reload: () =>
      leave(() => {
        if (isNew) return;
        saving.clear();
        setMode("view");
        model.reset(stored.body);
        void refresh();
      }),
    print: { run: print, refused: isNew ? t("act.nothing") : "" },
    previous: { run: () => go(neighbours.previous), refused: neighbours.previous ? "" : t("act.nothing") },
    next: { run: () => go(neighbours.next), refused: neighbours.next ? "" : t("act.nothing") },
    close: () => (mode === "view" ? close() : leave(close)),
  };
  useScope("voucher", commands);

  const create = (source: string, text: string, done: (id: string) => void) => {
    const kind = spec.catalogs.find((item) => item.name === catalogOf(source));
    const wanted = source.split(":")[1];
    const preset: Body = kind?.name === "partner" ? { [`is_${wanted || "customer"}`]: true } : {};
    if (kind) setCreating({ kind, text, preset, done, back: document.activeElement });
  };
  const created = (id: string) => {
    const { done, back } = creating as Creating;
    setCreating(null);
    done(id);
    // Back to the same cell, once the dialog has let go of the focus.
    requestAnimationFrame(() => (back as HTMLElement | null)?.focus());
  };

  const button = (name: keyof typeof commands, label: string, look?: "primary" | "danger") => {
    const command = commands[name] ?? (() => undefined);
    const { run, refused } = typeof command === "function" ? { run: command, refused: "" } : command;
    return (
      <Button scope="voucher" act={name} run={run} refused={refused} look={look} testid={`act-${name}`}>
        {label}
      </Button>
    );
  };
  const kind = language === "en" ? voucher.title.toLowerCase() : voucher.title; // within the heading in English
  return (
    <section
      className="page scroll"
      ref={root}
      data-regions=""
      data-testid="voucher"
      data-mode={mode}
      data-id={ident}
      data-revision={revision}
    >
      <div className="page-head">
        <Heading mode={mode}>{isNew ? t("voucher.new", { title: kind }) : `${voucher.title} ${stored.number}`}</Heading>
        {stored ? <StatusMark status={stored.status} word={statusWord(word, t, stored.status)} /> : null}
        <span className="grow" />
        {button("previous", t("act.previous"))}
        {button("next", t("act.next"))}
      </div>
      <div className="toolbar" role="toolbar" aria-label={t("shell.vouchers")}>
        {button("new", t("act.new"))}
        {button("edit", t("act.edit"))}
        {button("quick_edit", t("act.quick_edit"))}
        {button("save", t("act.save"), mode === "view" ? undefined : "primary")}
        {button("cancel", t("act.cancel"))}
        {button("delete", t("act.delete"), "danger")}
        <span className="gap" />
        {button("post", posted ? t("act.unpost") : t("act.post"))}
        {button("reload", t("act.reload"))}
        {button("print", t("act.print"))}
        {button("copy", t("act.copy"))}
      </div>
      <VoucherBanners
        voucher={voucher}
        stored={stored}
        mode={mode}
        book={book}
        problems={saving.state.faults}
        tellFault={faults.fault}
        detail={stored ? statusWord(word, t, stored.status) : ""}
        onResolve={() => setComparing(true)}
        onPostAnyway={(codes) => void postNow(ledgerAct, codes)}
        onMend={mendNow}
      />
      <VoucherForm
        voucher={voucher}
        model={model}
        sources={sources}
        context={context}
        stamp={stamp}
        mode={mode}
        isNew={isNew}
        expectedNumber={begin?.number ?? ""}
        faults={saving.state.places}
        onCreate={create}
        onLeaveLines={() => root.current && focusRegion(root.current, "actions")}
        onEscape={() => root.current && focusRegion(root.current, "actions")}
      />
      <div className="footer" data-region="actions">
        {mode === "view" ? (
          stored ? (
            <VoucherHistory stored={stored} onTimeline={() => setTimeline(true)} />
          ) : null
        ) : (
          <>
            <Button
              stop
              look="primary"
              scope="voucher"
              act="save"
              run={() => void save("stay")}
              refused={canSave}
              testid="save"
            >
              {t("act.save")}
            </Button>
            <Button
              stop
              scope="voucher"
              act="save_new"
              run={() => void save("new")}
              refused={canSave}
              testid="save-new"
            >
              {t("act.save_new")}
            </Button>
            <Button stop scope="voucher" act="cancel" run={cancel} testid="cancel">
              {t("act.cancel")}
            </Button>
          </>
        )}
      </div>

      {creating ? (
        <EntryForm
          kind={creating.kind}
          id=""
          typed={creating.text}
          preset={creating.preset}
          onClose={() => setCreating(null)}
          onSaved={(entry) => created(entry.id)}
        />
      ) : null}
      {deleting ? (
        <Ask
          title={t("act.delete")}
          yes={t("act.delete")}
          no={t("act.no")}
          onYes={() => void remove()}
          onNo={() => setDeleting(false)}
          testid="confirm"
        >
          <p>{t("voucher.delete_sure", { number: stored?.number ?? "" })}</p>
        </Ask>
      ) : null}
      {warnings ? (
        <Ask
          title={t("voucher.warnings")}
          yes={t("voucher.warnings_accept")}
          no={t("voucher.stay")}
          onYes={answer}
          onNo={saving.clear}
          testid="warnings"
        >
          <FaultList faults={warnings.map(faults.fault)} />
        </Ask>
      ) : null}
      {questions}
      {timeline ? <TimelineDialog id={ident} number={stored?.number ?? ""} onClose={() => setTimeline(false)} /> : null}
      {stale ? (
        <StaleChoice
          voucher={voucher}
          context={context}
          stale={stale}
          base={began.current}
          onMine={() => void save(afterSave.current, [], stale.theirs.revision)}
          onTheirs={takeTheirs}
          onApart={() => void saveApart()}
          onStay={saving.clear}
        />
      ) : null}
      {comparing && stored?.conflict ? (
        <ConflictChoice
          voucher={voucher}
          context={context}
          conflict={stored.conflict}
          onChoice={(choice) => void resolve(choice)}
          onClose={() => setComparing(false)}
        />
      ) : null}
    </section>
  );
}
