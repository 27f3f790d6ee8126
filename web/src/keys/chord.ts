// A key press as text ("Ctrl+Shift+Enter"), and the two rules that keep Vietnamese typing whole.

export interface KeyPress {
  readonly key: string;
  readonly code?: string;
  readonly keyCode?: number;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
  readonly isComposing?: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  " ": "Space",
  Esc: "Escape",
  Del: "Delete",
  ArrowUp: "Up",
  ArrowDown: "Down",
  ArrowLeft: "Left",
  ArrowRight: "Right",
};

/** True while an input method is composing a letter: such a press belongs to it and to nobody else. */
export function isComposing(press: KeyPress): boolean {
  return press.isComposing === true || press.keyCode === 229 || press.key === "Process" || press.key === "Dead";
}

/** "Ctrl+Alt+Shift+Key" in that order, letters upper case. A keyboard layout that moves letters is read by position. */
export function chordOf(press: KeyPress): string {
  let key = NAMES[press.key] ?? press.key;
  const held = press.ctrlKey || press.metaKey || press.altKey;
  if (held && key.length === 1 && !/^[\x21-\x7e]$/.test(key)) {
    const letter = /^(?:Key|Digit)(.)$/.exec(press.code ?? "");
    if (letter) key = letter[1] as string;
  }
  if (key.length === 1) key = key.toUpperCase();
  const parts: string[] = [];
  if (press.ctrlKey || press.metaKey) parts.push("Ctrl");
  if (press.altKey) parts.push("Alt");
  if (press.shiftKey) parts.push("Shift");
  return [...parts, key].join("+");
}
