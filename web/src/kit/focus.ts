// Where the focus goes on: stops (data-stop) within regions (data-region), in the order of the page.

function stopsIn(region: Element): HTMLElement[] {
  return [...region.querySelectorAll<HTMLElement>("[data-stop]")].filter(
    (stop) =>
      !stop.hasAttribute("disabled") && stop.getAttribute("aria-disabled") !== "true" && stop.offsetParent !== null,
  );
}

const WORK = "work"; // the id of what holds the screen, beside menu and choices

/** Whether the focus is on nothing a person works at: a screen that appears may take it. */
export function isNowhere(): boolean {
  const at = document.activeElement;
  return !at || at === document.body || at.id === WORK || at.closest("nav") !== null;
}

/** Where a person goes on when a screen has appeared that took no focus itself: its first stop, or the screen. */
export function comeIn(): void {
  const work = isNowhere() ? document.getElementById(WORK) : null;
  if (work && !focusOn(stopsIn(work)[0])) work.focus();
}

function regionsAround(from: Element): HTMLElement[] {
  // From nowhere one comes into the screen's own work first, not to the choices above it.
  const nowhere = from === document.body || from.id === WORK ? document.querySelector("main [data-regions]") : null;
  const root = from.closest("[data-regions]") ?? nowhere ?? document;
  return [...root.querySelectorAll<HTMLElement>("[data-region]")].filter((region) => stopsIn(region).length > 0);
}

/** Puts the focus on a box and selects what stands in it, so that typing replaces it. */
export function focusOn(stop: HTMLElement | undefined | null): boolean {
  if (!stop) return false;
  stop.focus();
  if (stop instanceof HTMLInputElement && stop.type !== "checkbox") stop.select();
  return true;
}

/** The first stop of the region after (or before) the one that holds `from`; round the end it begins again. */
export function goRegion(from: Element, direction: 1 | -1, round = true): boolean {
  const regions = regionsAround(from);
  const own = from.closest<HTMLElement>("[data-region]");
  const index = own ? regions.indexOf(own) : direction === 1 ? -1 : 0;
  let next = index + direction;
  if (round) next = (next + regions.length) % regions.length;
  const region = regions[next];
  if (!region) return false;
  const stops = stopsIn(region);
  return focusOn(direction === 1 ? stops[0] : stops.at(-1));
}

/** The next stop after `from`, over the end of its region into the next one. */
export function goOn(from: Element, direction: 1 | -1): boolean {
  const region = from.closest("[data-region]");
  if (!region) return false;
  const stops = stopsIn(region);
  const index = stops.indexOf(from as HTMLElement);
  const next = stops[index + direction];
  return next ? focusOn(next) : goRegion(from, direction, false);
}

/** The first stop of a named region. */
export function focusRegion(root: ParentNode, name: string): boolean {
  const region = root.querySelector(`[data-region="${name}"]`);
  return region ? focusOn(stopsIn(region)[0]) : false;
}

/** Enter in a plain box or list goes on to the next one, as it does in our own cells. */
export function enterGoesOn(event: {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  target: EventTarget;
  preventDefault: () => void;
  stopPropagation: () => void;
}): void {
  const { target } = event;
  if (event.key !== "Enter" || event.ctrlKey || event.altKey) return;
  if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
  if (!target.hasAttribute("data-stop")) return;
  if (goOn(target, event.shiftKey ? -1 : 1)) {
    event.preventDefault();
    event.stopPropagation();
  }
}
