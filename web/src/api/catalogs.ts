// Catalogs kept in memory while the client runs, so that a prefix search over 20,000 partners needs no server.
import { fold } from "../kit/fold";
import { get, query } from "./client";
import type { Body, CatalogEntry, Page } from "./types";

export interface Entry {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly active: boolean;
  readonly body: Body;
  readonly folded: string;
  readonly foldedCode: string;
}

const PAGE_SIZE = 1_000;
const ENTRIES_MAX = 60_000;

function entryOf(item: CatalogEntry): Entry {
  const code = String(item.body.code ?? item.id);
  const name = String(item.body.name ?? "");
  const more = [item.body.tax_code, item.body.bank_name].filter((text) => typeof text === "string").join(" ");
  return {
    id: item.id,
    code,
    name,
    active: item.body.active !== false,
    body: item.body,
    folded: fold(`${code} ${name} ${more}`),
    foldedCode: fold(code),
  };
}

interface Shelf {
  entries: Map<string, Entry>;
  list: Entry[] | null; // sorted by code, null after a change
  state: "idle" | "loading" | "ready";
  loading: Promise<void>;
}

/** Catalogs of one tenant. `subscribe` hears every change; `stamp` tells React when to look again. */
export class Catalogs {
  private readonly shelves = new Map<string, Shelf>();
  private readonly hearers = new Set<() => void>();
  stamp = 0;

  constructor(private readonly tenant: string) {}

  subscribe = (hear: () => void): (() => void) => {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  };

  private changed(): void {
    this.stamp += 1;
    for (const hear of this.hearers) hear();
  }

  private shelf(kind: string): Shelf {
    let shelf = this.shelves.get(kind);
    if (!shelf) {
      shelf = { entries: new Map(), list: null, state: "idle", loading: Promise.resolve() };
      this.shelves.set(kind, shelf);
    }
    return shelf;
  }

  /** Loads a kind once; resolves when it is here (or could not be had). Later calls cost nothing. */
  load(kind: string): Promise<void> {
    const shelf = this.shelf(kind);
    if (shelf.state === "idle") {
      shelf.state = "loading";
      shelf.loading = this.fetchAll(kind, shelf);
    }
    return shelf.loading;
  }

  private async fetchAll(kind: string, shelf: Shelf): Promise<void> {
    try {
      let after: string | null = "";
      while (after !== null && shelf.entries.size < ENTRIES_MAX) {
        const path: string = `/t/${this.tenant}/catalog/${kind}${query({ limit: PAGE_SIZE, after })}`;
        const page: Page<CatalogEntry> = await get(path);
        for (const item of page.items) shelf.entries.set(item.id, entryOf(item));
        after = page.next || null;
      }
      shelf.state = "ready";
    } catch {
      shelf.state = "idle"; // asked again at the next need
    }
    shelf.list = null;
    this.changed();
  }

  isReady(kind: string): boolean {
    return this.shelf(kind).state === "ready";
  }

  /** Fetches one entry anew after the server said that it changed. */
  async refresh(kind: string, id: string): Promise<void> {
    const shelf = this.shelf(kind);
    if (shelf.state !== "ready") return;
    try {
      const item = await get<CatalogEntry>(`/t/${this.tenant}/catalog/${kind}/${encodeURIComponent(id)}`);
      if (item.deleted) shelf.entries.delete(id);
      else shelf.entries.set(id, entryOf(item));
    } catch {
      shelf.entries.delete(id);
    }
    shelf.list = null;
    this.changed();
  }

  put(kind: string, item: CatalogEntry): void {
    const shelf = this.shelf(kind);
    shelf.entries.set(item.id, entryOf(item));
    shelf.list = null;
    this.changed();
  }

  remove(kind: string, id: string): void {
    const shelf = this.shelf(kind);
    shelf.entries.delete(id);
    shelf.list = null;
    this.changed();
  }

  entry(kind: string, id: string): Entry | undefined {
    return this.shelf(kind).entries.get(id);
  }

  all(kind: string): readonly Entry[] {
    const shelf = this.shelf(kind);
    shelf.list ??= [...shelf.entries.values()].sort((one, other) => one.foldedCode.localeCompare(other.foldedCode));
    return shelf.list;
  }

  byCode(kind: string, code: string): Entry | undefined {
    const wanted = fold(code);
    return this.all(kind).find((entry) => entry.foldedCode === wanted);
  }

  /** The best entries for what was typed: same code, codes that begin so, then every word found anywhere. */
  search(
    kind: string,
    text: string,
    limit: number,
    keep: (entry: Entry) => boolean = (entry) => entry.active,
  ): Entry[] {
    return rank(this.all(kind), text, limit, keep);
  }
}

interface Searchable {
  readonly folded: string;
  readonly foldedCode: string;
}

/** Ranked search over folded text, for catalogs and accounts alike. */
export function rank<Item extends Searchable>(
  items: readonly Item[],
  text: string,
  limit: number,
  keep: (item: Item) => boolean,
): Item[] {
  const needle = fold(text);
  if (!needle) {
    const first: Item[] = [];
    for (const item of items) {
      if (keep(item)) first.push(item);
      if (first.length >= limit) break;
    }
    return first;
  }
  const words = needle.split(" ");
  const tiers: Item[][] = [[], [], [], []];
  for (const item of items) {
    if (!keep(item)) continue;
    let tier = -1;
    if (item.foldedCode === needle) tier = 0;
    else if (item.foldedCode.startsWith(needle)) tier = 1;
    else if (words.every((word) => item.folded.includes(word))) tier = item.folded.includes(` ${needle}`) ? 2 : 3;
    const found = tiers[tier];
    if (found && found.length < limit) found.push(item);
  }
  return tiers.flat().slice(0, limit);
}
