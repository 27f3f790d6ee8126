// Where one is: the browser's own address, with a doorkeeper. While something typed would be dropped, the screen stays and
// the keeper is asked first, whichever way leads out: a link, the palette, an act, or the browser's Back and Forward.
import { useSyncExternalStore } from "react";

/** Hears of every move. True: it keeps the person here, and calls `go` later or never. */
export type Doorkeeper = (go: () => void) => boolean;

interface Place {
  readonly path: string;
  readonly search: string;
  /** Where this page stands among those gone through, kept in the browser's own entry: tells Back from Forward. */
  readonly step: number;
}

const stepOf = (state: unknown): number | undefined => (state as { step?: number } | null)?.step;
const read = (): Place => ({ path: location.pathname, search: location.search, step: stepOf(history.state) ?? 0 });

let here = read();
let keeper: Doorkeeper | null = null;
/** While the browser is being called back: what to do when it is here, if that is known already. */
let calledBack: { after?: () => void } | null = null;
const listeners = new Set<() => void>();

function arrive(): void {
  here = read();
  for (const listener of listeners) listener();
}

function move(to: string, replace: boolean): void {
  const state = { step: here.step + (replace ? 0 : 1) };
  if (replace) history.replaceState(state, "", to);
  else history.pushState(state, "", to);
  arrive();
}

function traversed(event: PopStateEvent): void {
  const stayed = location.pathname === here.path && location.search === here.search;
  const step = stepOf(event.state);
  // A jump within the page makes an entry that knows no step.
  if (stayed && step === undefined) history.replaceState({ step: here.step + 1 }, "");
  const by = stayed ? 0 : (step ?? 0) - here.step;
  const go = () => {
    if (calledBack) calledBack.after = () => history.go(by);
    else history.go(by);
  };
  if (by !== 0 && keeper?.(go)) {
    calledBack = {}; // the browser went first
    history.go(-by);
    return;
  }
  const after = by === 0 ? calledBack?.after : undefined;
  calledBack = null;
  arrive();
  after?.();
}

window.addEventListener("popstate", traversed);

/** One keeper at a time; the answer dismisses it. */
export function keepDoor(doorkeeper: Doorkeeper): () => void {
  keeper = doorkeeper;
  return () => {
    if (keeper === doorkeeper) keeper = null;
  };
}

function navigate(to: string, options: { replace?: boolean } = {}): void {
  const go = () => move(to, options.replace === true);
  if (!keeper?.(go)) go();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** For wouter's Router: the place shown, which is where one is until the keeper lets go. */
export function usePlace(): [string, typeof navigate] {
  return [useSyncExternalStore(subscribe, () => here.path), navigate];
}

/** For wouter's Router: what stands after the question mark. */
export function usePlaceSearch(): string {
  return useSyncExternalStore(subscribe, () => here.search);
}
