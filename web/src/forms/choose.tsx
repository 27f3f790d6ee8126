// What many screens ask for, the same way everywhere: a branch, a voucher type, a period.
import { useBooks } from "../api/books";
import { useLocale } from "../locale/locale";
import type { CellContext } from "./cell";
import { plainField } from "./cellcontext";
import { FieldBox } from "./fieldbox";
import type { Sources } from "./sources";

interface SelectProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** The words of the choice that leaves all of them in; without it one has to be chosen. */
  readonly all?: string;
  readonly label?: string;
  /** Without a label above it: for a bar. */
  readonly bare?: boolean;
  readonly className?: string;
  readonly autoFocus?: boolean;
  readonly testid?: string;
}

interface Named {
  readonly value: string;
  readonly label: string;
}

function Select({ choices, label, className, bare, ...props }: SelectProps & { choices: readonly Named[] }) {
  const box = (
    <select
      // biome-ignore lint/a11y/noAutofocus: where a screen opens, the keys begin at its first box
      autoFocus={props.autoFocus}
      className={bare ? (className ?? "box") : "box"}
      value={props.value}
      aria-label={bare ? label : undefined}
      onChange={(event) => props.onChange(event.target.value)}
      data-stop=""
      data-testid={props.testid}
    >
      {props.all === undefined ? null : <option value="">{props.all}</option>}
      {choices.map((item) => (
        <option key={item.value} value={item.value}>
          {item.label}
        </option>
      ))}
    </select>
  );
  if (bare) return box;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the box stands inside
    <label className={className}>
      <span className="label">{label}</span>
      {box}
    </label>
  );
}

/** The company's branches. */
export function BranchSelect(props: SelectProps) {
  const { spec } = useBooks();
  const { t } = useLocale();
  const choices = spec.branches.map((item) => ({ value: item.id, label: item.name || item.code }));
  return <Select {...props} label={props.label ?? t("shell.branch")} choices={choices} />;
}

/** The types of vouchers. */
export function TypeSelect(props: SelectProps) {
  const { spec } = useBooks();
  const { t } = useLocale();
  const choices = spec.voucher_types.map((item) => ({ value: item.code, label: item.title }));
  return <Select {...props} label={props.label ?? t("download.types")} choices={choices} />;
}

interface PeriodProps {
  readonly from: string;
  readonly to: string;
  readonly onFrom: (day: string) => void;
  readonly onTo: (day: string) => void;
  readonly context: CellContext;
  readonly sources: Sources;
}

/** Two boxes for the first and the last day; the keys begin at the first. */
export function PeriodBoxes({ from, to, onFrom, onTo, context, sources }: PeriodProps) {
  const { t } = useLocale();
  return (
    <>
      <FieldBox
        autoFocus
        field={plainField("from", t("period.from"), "day")}
        value={from}
        context={context}
        sources={sources}
        onChange={onFrom}
      />
      <FieldBox
        field={plainField("to", t("period.to"), "day")}
        value={to}
        context={context}
        sources={sources}
        onChange={onTo}
      />
    </>
  );
}
