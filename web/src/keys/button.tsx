// A button that knows its key. Refused, it stays in reach and says why: a greyed button that cannot be asked is a riddle.
import type { ReactNode } from "react";
import type { Scope } from "./keymap";
import { shownKey } from "./keymap";
import { useKeys } from "./layers";

interface Props {
  readonly children: ReactNode;
  readonly run: () => void;
  readonly scope?: Scope;
  readonly act?: string;
  /** Why it may not be done now; empty where it may. */
  readonly refused?: string | undefined;
  readonly look?: "primary" | "danger" | "quiet" | undefined;
  readonly testid?: string | undefined;
  readonly stop?: boolean;
  readonly submit?: boolean;
  readonly label?: string;
  /** Has the focus when its dialog opens. */
  readonly first?: boolean;
}

export function Button({ children, run, scope, act, refused = "", look, testid, stop, submit, label, first }: Props) {
  const { keymap } = useKeys();
  const key = scope && act ? shownKey(keymap, scope, act) : "";
  return (
    <button
      type={submit ? "submit" : "button"}
      className={`button ${look ?? ""}`}
      aria-disabled={refused ? "true" : undefined}
      aria-keyshortcuts={key ? key.replaceAll("Ctrl", "Control") : undefined}
      aria-label={label}
      data-testid={testid}
      data-refused={refused || undefined}
      data-stop={stop ? "" : undefined}
      data-autofocus={first || undefined}
      onClick={refused || submit ? undefined : run}
    >
      {children}
      {key ? <span className="key">{key}</span> : null}
    </button>
  );
}
