// Which screen hears a key: a stack of layers, the newest first. A modal layer hears everything and passes nothing on.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { chordOf, isComposing } from "./chord";
import { type Act, actFor, type Keymap, keymapFor, type Scope } from "./keymap";

/** What an act does here. `refused` is the reason why it may not be done now; then it is shown, not run. */
export interface Command {
  readonly run: () => void;
  readonly refused?: string;
}

export type Commands = Readonly<Record<string, Command | (() => void) | undefined>>;

// Effects of children run before their parents', so the order of mounting says nothing: the scope does.
const RANK: Readonly<Record<Scope, number>> = { app: 0, page: 1, list: 1, report: 1, voucher: 1, grid: 2, dialog: 3 };

interface Layer {
  readonly scope: Scope;
  readonly modal: boolean;
  readonly commands: { current: Commands };
}

export interface OfferedAct extends Act {
  readonly command: Command;
}

interface Keys {
  readonly keymap: Keymap;
  readonly preset: string;
  readonly setPreset: (preset: string) => void;
  readonly push: (layer: Layer) => () => void;
  readonly offered: () => OfferedAct[];
}

const KeysContext = createContext<Keys | null>(null);
const PRESET_KEY = "socai.keys";

/** Keys that a box, a button or a link needs for itself: a screen hears them only when none of these has the focus. */
function isOwnKey(chord: string, target: EventTarget | null): boolean {
  if (/^(Ctrl|Alt)\+|^(Shift\+)?(F\d+|Escape|Insert)$/.test(chord)) return false;
  return target instanceof Element && target.closest("input, select, textarea, button, a, [role=menuitem]") !== null;
}

function commandOf(commands: Commands, id: string): Command | undefined {
  const found = commands[id];
  return typeof found === "function" ? { run: found } : found;
}

export function KeysProvider({ children, onRefused }: { children: ReactNode; onRefused: (reason: string) => void }) {
  const layers = useRef<Layer[]>([]);
  const refusedRef = useRef(onRefused);
  refusedRef.current = onRefused;
  const [preset, setPresetState] = useState(() => localStorage.getItem(PRESET_KEY) ?? "standard");
  const keymap = useMemo(() => keymapFor(preset), [preset]);

  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isComposing(event)) return;
      const chord = chordOf(event);
      if (isOwnKey(chord, event.target)) return;
      for (const layer of layers.current.toReversed()) {
        const id = actFor(keymap, layer.scope, chord);
        const command = id ? commandOf(layer.commands.current, id) : undefined;
        if (command) {
          event.preventDefault();
          if (command.refused) refusedRef.current(command.refused);
          else command.run();
          return;
        }
        if (layer.modal) return;
      }
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, [keymap]);

  const value = useMemo<Keys>(
    () => ({
      keymap,
      preset,
      setPreset: (name) => {
        localStorage.setItem(PRESET_KEY, name);
        setPresetState(name);
      },
      push: (layer) => {
        layers.current = [...layers.current, layer].toSorted((one, other) => RANK[one.scope] - RANK[other.scope]);
        return () => {
          layers.current = layers.current.filter((other) => other !== layer);
        };
      },
      offered: () => {
        const found: OfferedAct[] = [];
        for (const layer of layers.current.toReversed()) {
          for (const item of keymap.values()) {
            const command = item.scope === layer.scope ? commandOf(layer.commands.current, item.id) : undefined;
            if (command) found.push({ ...item, command });
          }
          if (layer.modal) break;
        }
        return found;
      },
    }),
    [keymap, preset],
  );
  return <KeysContext.Provider value={value}>{children}</KeysContext.Provider>;
}

export function useKeys(): Keys {
  const keys = useContext(KeysContext);
  if (!keys) throw new Error("KeysProvider is missing");
  return keys;
}

/** Lends this screen the keys of a scope while it is mounted. Acts left out stay with the layers below. */
export function useScope(scope: Scope, commands: Commands, options: { modal?: boolean; active?: boolean } = {}): void {
  const { push } = useKeys();
  const held = useRef(commands);
  held.current = commands;
  const { modal = false, active = true } = options;
  useEffect(() => (active ? push({ scope, modal, commands: held }) : undefined), [push, scope, modal, active]);
}
