// Go anywhere: acts of this screen, modules, reports, catalogs, and vouchers by number.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { rank } from "../api/catalogs";
import { get, query } from "../api/client";
import type { Page, VoucherRow } from "../api/types";
import { chordOf, isComposing } from "../keys/chord";
import { Dialog } from "../keys/dialog";
import type { OfferedAct } from "../keys/layers";
import { showDay } from "../kit/day";
import { fold } from "../kit/fold";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { menuOf } from "./menu";

export interface OpenPalette {
  readonly acts: readonly OfferedAct[];
}

interface Goal {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly hint: string;
  readonly keys: string;
  readonly run: () => void;
  readonly folded: string;
  readonly foldedCode: string;
}

const RESULTS_MAX = 40;
/** As many as the window shows at once: the others are drawn when it stands there. */
const RESULTS_FIRST = 14;

export function Palette({ open, onClose }: { open: OpenPalette; onClose: () => void }) {
  const books = useBooks();
  const { t, language } = useLocale();
  const tell = useTell();
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [mark, setMark] = useState(0);

  const goals = useMemo(() => {
    const goal = (id: string, group: string, label: string, run: () => void, keys = "", hint = ""): Goal => ({
      id,
      group,
      label,
      hint,
      keys,
      run,
      folded: fold(`${label} ${group} ${hint}`),
      foldedCode: fold(label),
    });
    const menu = menuOf(books, t);
    const places = [...menu.more, ...menu.groups.flatMap((group) => group.places)];
    return [
      ...open.acts
        .filter((act) => !act.silent && act.id !== "palette")
        .map((act) =>
          goal(
            `act-${act.scope}-${act.id}`,
            t("palette.acts"),
            act[language],
            () =>
              act.command.refused ? tell("wait", t("act.refused", { reason: act.command.refused })) : act.command.run(),
            act.keys[0] ?? "",
            act.command.refused ?? "",
          ),
        ),
      ...places.map((place) =>
        goal(place.path, place.group, place.label, () => navigate(place.path), "", place.hint ?? ""),
      ),
    ];
  }, [books, open.acts, t, language, navigate, tell]);

  const wanted = text.trim();
  const numbers = useQuery({
    queryKey: [books.tenant, "vouchers", "palette", wanted],
    queryFn: ({ signal }) =>
      get<Page<VoucherRow>>(books.path(`/vouchers${query({ q: wanted, limit: 8, book: books.book })}`), signal),
    enabled: wanted.length >= 2,
    placeholderData: (before) => before,
  });
  const found = rank(goals, text, RESULTS_MAX, () => true);
  const vouchers: Goal[] =
    wanted.length < 2
      ? []
      : (numbers.data?.items ?? []).map((row) => ({
          id: row.id,
          group: t("palette.vouchers"),
          label: `${row.number} · ${row.description}`,
          hint: `${showDay(row.accounting_date)} ${row.partner_name}`,
          keys: "",
          run: () => navigate(`/voucher/${row.id}`),
          folded: "",
          foldedCode: "",
        }));
  const all = [...(/\d/.test(wanted) ? [...vouchers, ...found] : [...found, ...vouchers])];
  const marked = Math.min(mark, all.length - 1);
  const drawn = useDeferredValue(RESULTS_MAX * 2, RESULTS_FIRST);

  const go = (goal: Goal | undefined) => {
    if (!goal) return;
    // The dialog gives the focus back first; in the same frame the act may take it, before another key is heard.
    flushSync(onClose);
    requestAnimationFrame(goal.run);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (isComposing(event.nativeEvent)) return;
    const chord = chordOf(event.nativeEvent);
    const by = { Down: 1, Up: -1, PageDown: 8, PageUp: -8 }[chord];
    if (by) {
      const next = Math.max(0, Math.min(marked + by, all.length - 1));
      setMark(next);
      list.current?.querySelector(`[id="${listId}-${next}"]`)?.scrollIntoView({ block: "nearest" });
    } else if (chord === "Enter") go(all[marked]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <Dialog title={t("shell.go")} onClose={onClose} size="lg" testid="palette">
      <div className="palette">
        <input
          className="box"
          autoFocus
          data-autofocus
          value={text}
          placeholder={t("palette.placeholder")}
          aria-label={t("shell.go")}
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={`${listId}-${marked}`}
          data-testid="palette-input"
          onChange={(event) => {
            setText(event.target.value);
            setMark(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div className="results" id={listId} role="listbox" ref={list}>
          {all.slice(0, drawn).map((goal, index) => (
            <div key={goal.id}>
              {index === 0 || all[index - 1]?.group !== goal.group ? <div className="group">{goal.group}</div> : null}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the keys */}
              <div
                id={`${listId}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === marked}
                className="suggestion"
                onClick={() => go(goal)}
                data-testid="palette-goal"
              >
                <span className="name">{goal.label}</span>
                <span className="hint">{goal.hint}</span>
                {goal.keys ? <kbd>{goal.keys}</kbd> : null}
              </div>
            </div>
          ))}
          {all.length === 0 ? <p className="soft">{t("palette.none")}</p> : null}
        </div>
      </div>
    </Dialog>
  );
}
