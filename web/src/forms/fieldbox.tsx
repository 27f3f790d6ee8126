// One box of a form: the same five kinds of cell as in the entry grid, with a label. Enter accepts and goes on.
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { FieldSpec } from "../api/types";
import type { Option } from "../grid/column";
import { chordOf, isComposing } from "../keys/chord";
import { actFor } from "../keys/keymap";
import { useKeys } from "../keys/layers";
import { goOn } from "../kit/focus";
import { Suggestions } from "../kit/suggestions";
import { useLocale } from "../locale/locale";
import type { WordKey } from "../locale/words";
import { WORDS } from "../locale/words";
import { type CellContext, cellKind, readField, showField } from "./cell";
import { type Sources, sourceOf } from "./sources";

export interface FieldBoxProps {
  readonly field: FieldSpec;
  readonly value: string;
  readonly places?: number;
  readonly context: CellContext;
  readonly sources: Sources;
  readonly readOnly?: boolean;
  /** Code of what could not be read; the text then stands in `value`. */
  readonly wrong?: string | undefined;
  /** The server's sentence about this box. */
  readonly fault?: string | undefined;
  readonly className?: string;
  readonly testid?: string;
  readonly autoFocus?: boolean;
  readonly placeholder?: string;
  /** What stands for the value while nobody types, where the box cannot know it: a voucher's number. */
  readonly shownAs?: string | undefined;
  readonly onChange: (value: string, wrong: string) => void;
  readonly onCreate?: ((source: string, text: string) => void) | undefined;
  /** Options that must be asked for: earlier vouchers, numbers. A chosen one goes to `onTake`. */
  readonly asyncOptions?: ((text: string, signal: AbortSignal) => Promise<readonly Option[]>) | undefined;
  readonly onTake?: ((option: Option) => void) | undefined;
}

/** A box with a text in it that nobody has taken yet. */
export const TYPING = "[data-typing]";

const NAMED = new Set(["partner", "bank_account", "fund", "account", "expense_item", "department"]);
const CODE_NAME_GAP = " · ";
const ASK_AFTER_MS = 120;
const ASK_LETTERS_MIN = 2;

function useAsked(text: string, wanted: boolean, ask: FieldBoxProps["asyncOptions"]): readonly Option[] {
  const [found, setFound] = useState<readonly Option[]>([]);
  const askRef = useRef(ask);
  askRef.current = ask;
  useEffect(() => {
    if (!wanted || !askRef.current || text.trim().length < ASK_LETTERS_MIN) return setFound([]);
    const stop = new AbortController();
    const timer = setTimeout(() => {
      askRef.current?.(text, stop.signal).then(setFound, () => setFound([]));
    }, ASK_AFTER_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, wanted]);
  return found;
}

/** A code with its name, where no other box shows the name. */
function namedValue(
  field: FieldSpec,
  value: string,
  source: string,
  { context, sources, shownAs }: FieldBoxProps,
): string {
  const code = shownAs || showField(field, value, context);
  if (!value || field.fills.length || !NAMED.has(field.kind)) return code;
  const name = sources.name(source, value);
  return name && name !== code ? `${code}${CODE_NAME_GAP}${name}` : code;
}

export function FieldBox(props: FieldBoxProps) {
  const { field, value, places = 0, context, sources, readOnly = false, wrong = "", fault = "", onChange } = props;
  const { t } = useLocale();
  const { keymap } = useKeys();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [highlight, setHighlight] = useState(0);
  const source = sourceOf(field);
  const kind = cellKind(field);
  const free = kind === "text" || source === "voucher"; // the list only suggests
  const asked = useAsked(draft ?? "", open, props.asyncOptions);
  const options = open ? (props.asyncOptions ? asked : source ? sources.search(source, draft ?? "") : []) : [];
  const marked =
    draft === "" || (free && highlight === 0 && kind === "text")
      ? highlight - 1
      : Math.min(highlight, options.length - 1);
  const shown = draft ?? (wrong ? value : namedValue(field, value, source, props));
  const code = wrong === "CODE_UNKNOWN" && !props.onCreate ? "CODE_UNKNOWN_HERE" : wrong;
  const mistake = fault || (`fault.${code}` in WORDS ? t(`fault.${code}` as WordKey) : code);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what the box shows has changed under the focus
  useLayoutEffect(() => {
    if (draft === null && document.activeElement === input.current) input.current?.select();
  }, [shown, draft === null]);

  const take = useCallback(
    (option: Option) => {
      setDraft(null);
      setOpen(false);
      if (props.onTake) props.onTake(option);
      else onChange(option.value, "");
    },
    [onChange, props.onTake],
  );

  /** Takes what was typed; false where it cannot be read (the text stays). */
  const commit = (): boolean => {
    const chosen = open && marked >= 0 ? options[marked] : undefined;
    if (chosen && (draft !== null || open)) {
      take(chosen);
      return true;
    }
    setOpen(false);
    if (draft === null) return true;
    const typed = NAMED.has(field.kind) ? (draft.split(CODE_NAME_GAP)[0] ?? "") : draft;
    const reading = readField(field, places, typed, value, context);
    if ("fault" in reading) {
      onChange(draft, reading.fault);
      setDraft(null);
      return false;
    }
    setDraft(null);
    if (reading.value !== value || wrong) onChange(reading.value, "");
    return true;
  };

  const onKeyDown = (event: React.KeyboardEvent<HTMLInputElement>) => {
    if (isComposing(event.nativeEvent)) return;
    const chord = chordOf(event.nativeEvent);
    const act =
      chord === "Tab" ? "next_cell" : chord === "Shift+Tab" ? "previous_cell" : actFor(keymap, "voucher", chord);
    const at = event.currentTarget;
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (act === "next_cell" || act === "previous_cell") {
      // What was taken may open another box (the rate of a foreign currency): it must be there before one goes on.
      let taken = false;
      flushSync(() => {
        taken = commit();
      });
      if (!taken) return done();
      if (goOn(at, act === "next_cell" ? 1 : -1)) done();
    } else if (open && (chord === "Up" || chord === "Down")) {
      setHighlight((mark) =>
        Math.max(0, Math.min(mark + (chord === "Up" ? -1 : 1), options.length - 1 + (marked < highlight ? 1 : 0))),
      );
      done();
    } else if (!readOnly && (act === "open_list" || chord === "Alt+Down") && (source || props.asyncOptions)) {
      setHighlight(
        Math.max(
          0,
          sources.search(source, "").findIndex((option) => option.value === value),
        ),
      );
      setOpen(true);
      done();
    } else if (!readOnly && act === "new_entry" && props.onCreate && source) {
      props.onCreate(source, draft ?? "");
      setOpen(false);
      setDraft(null);
      done();
    } else if (act === "edit_cell") {
      at.setSelectionRange(at.value.length, at.value.length);
      done();
    } else if (chord === "Escape" && (open || draft !== null)) {
      if (open) setOpen(false);
      else setDraft(null);
      done();
    }
  };

  if (field.kind === "flag") {
    return (
      <label className={`field check ${props.className ?? ""}`}>
        <input
          type="checkbox"
          checked={value === "true"}
          disabled={readOnly}
          data-stop={readOnly ? undefined : ""}
          data-field={field.name}
          data-testid={props.testid}
          onChange={(event) => onChange(event.target.checked ? "true" : "", "")}
          onKeyDown={(event) => {
            const chord = chordOf(event.nativeEvent);
            if (chord === "Enter" || chord === "Shift+Enter") {
              event.preventDefault();
              event.stopPropagation();
              goOn(event.currentTarget, chord === "Enter" ? 1 : -1);
            }
          }}
        />
        {field.label}
      </label>
    );
  }

  const combobox = source
    ? {
        role: "combobox",
        "aria-expanded": open,
        "aria-controls": open ? `${id}-list` : undefined,
        "aria-activedescendant": open && marked >= 0 ? `${id}-list-${marked}` : undefined,
      }
    : {};
  return (
    <div className={`field ${props.className ?? ""}`}>
      <label className="label" htmlFor={id}>
        {field.label}
        {field.required && !readOnly ? <span className="must">*</span> : null}
      </label>
      <input
        ref={input}
        id={id}
        className={`box ${kind === "money" ? "figure" : ""}`}
        value={shown}
        readOnly={readOnly}
        placeholder={props.placeholder}
        autoComplete="off"
        spellCheck={false}
        // biome-ignore lint/a11y/noAutofocus: the first box of a form is where typing begins
        autoFocus={props.autoFocus}
        data-autofocus={props.autoFocus || undefined}
        data-stop={readOnly ? undefined : ""}
        data-field={field.name}
        data-typing={draft !== null || undefined}
        data-testid={props.testid}
        title={source && value && !wrong ? sources.name(source, value) : undefined}
        aria-invalid={mistake ? true : undefined}
        aria-describedby={mistake ? `${id}-mistake` : undefined}
        aria-required={field.required || undefined}
        {...combobox}
        onFocus={(event) => event.target.select()}
        onBlur={() => {
          if (draft !== null) commit();
          setOpen(false);
        }}
        onChange={(event) => {
          if (readOnly) return;
          setDraft(event.target.value);
          setHighlight(0);
          setOpen(Boolean(source || props.asyncOptions));
        }}
        onKeyDown={onKeyDown}
      />
      {mistake ? (
        <div className="mistake" id={`${id}-mistake`} data-testid={props.testid ? `${props.testid}-fault` : undefined}>
          {mistake}
        </div>
      ) : null}
      {open && (!free || options.length > 0) ? (
        <Suggestions
          id={`${id}-list`}
          anchor={input.current}
          options={options}
          highlight={marked}
          nothing={props.onCreate ? t("grid.nothing_found") : t("grid.nothing_found_plain")}
          onTake={(option) => {
            take(option);
            if (input.current) goOn(input.current, 1);
          }}
        />
      ) : null}
    </div>
  );
}
