// Whether there is a screen of ours to go back to, by the browser's own list of this origin's pages.

interface Trail {
  readonly currentEntry: { readonly index: number } | null;
}

/** True where going back stays inside the client. A browser without the list answers no, and lists are gone to instead. */
export function cameFrom(): boolean {
  const trail = (window as unknown as { navigation?: Trail }).navigation;
  return (trail?.currentEntry?.index ?? 0) > 0;
}
