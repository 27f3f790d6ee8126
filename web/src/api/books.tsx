// The books one works in: company, its spec, branch, book and period, live link. Every screen below reads them here.
import { QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { localDay } from "../kit/day";
import { PERIODS, type Period, type PeriodName, periodOf } from "../kit/period";
import { useLocale } from "../locale/locale";
import { Catalogs } from "./catalogs";
import { get, Problem, query } from "./client";
import { listen } from "./events";
import { readSpec, wordAt } from "./spec";
import type { Session, Spec, SyncState, Tenant } from "./types";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => count < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500),
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      networkMode: "always", // the data server is on the office's network: the browser's idea of "online" says nothing
    },
    mutations: { networkMode: "always" },
  },
});

export interface PeriodChoice extends Period {
  readonly name: PeriodName | "own";
}

export interface Books {
  readonly session: Session;
  readonly tenant: string;
  readonly company: Tenant;
  readonly spec: Spec;
  readonly catalogs: Catalogs;
  readonly branch: string;
  readonly setBranch: (id: string) => void;
  readonly book: string;
  readonly setBook: (book: string) => void;
  readonly period: PeriodChoice;
  readonly setPeriod: (period: PeriodChoice) => void;
  readonly sync: SyncState | undefined;
  /** False while the data server itself cannot be heard. */
  readonly linked: boolean;
  readonly word: (path: readonly string[], otherwise?: string) => string;
  readonly path: (rest: string) => string;
  readonly reloadSpec: () => Promise<void>;
}

const BooksContext = createContext<Books | null>(null);
const EVENTS_REST_MS = 200;
/** The window's event when something newly needs the person who did it: `detail` is the item of the to-do list. */
export const NOTICE = "socai-notice";

export function today(): string {
  return localDay(new Date());
}

function remembered(tenant: string, name: string): string {
  return localStorage.getItem(`socai.${tenant}.${name}`) ?? "";
}

function remember(tenant: string, name: string, value: string): void {
  localStorage.setItem(`socai.${tenant}.${name}`, value);
}

function firstPeriod(tenant: string, booksFirstDay: string): PeriodChoice {
  const name = remembered(tenant, "period") as PeriodName;
  const known = (PERIODS as readonly string[]).includes(name) ? name : "year";
  return { name: known, ...periodOf(known, today(), booksFirstDay) };
}

/** Hears the event stream and has what it names fetched anew, many events at once. */
function useLive(tenant: string, book: string, catalogs: Catalogs): boolean {
  const client = useQueryClient();
  const [linked, setLinked] = useState(true);
  const waiting = useRef(new Set<string>());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const names = [...waiting.current];
      waiting.current.clear();
      for (const name of names) {
        const [kind, id = ""] = name.split(" ");
        if (kind === "voucher") {
          void client.invalidateQueries({ queryKey: [tenant, "vouchers"] });
          void client.invalidateQueries({ queryKey: [tenant, "voucher", id] });
          void client.invalidateQueries({ queryKey: [tenant, "sync-results"] });
        } else if (kind === "company") void client.invalidateQueries({ queryKey: [tenant, "spec"] });
        else void client.invalidateQueries({ queryKey: [tenant, kind] });
      }
    };
    const stop = listen(
      tenant,
      book,
      ({ name, data }) => {
        if (name === "notice") {
          window.dispatchEvent(new CustomEvent(NOTICE, { detail: data }));
          waiting.current.add("sync-results");
        } else if (name === "result") {
          void client.invalidateQueries({ queryKey: [tenant, "rounds"] });
        } else if (name === "reload") {
          void client.invalidateQueries({ queryKey: [tenant] });
        } else if (name === "catalog") {
          const [kind, id] = [String(data.kind ?? ""), String(data.id ?? "")];
          void catalogs.refresh(kind, id);
          void client.invalidateQueries({ queryKey: [tenant, "catalog", kind] });
          if (["account", "branch", "currency", "fiscal_year", "company", "lock"].includes(kind))
            waiting.current.add("company");
        } else if (name === "sync" && typeof data.pending === "number") {
          client.setQueryData([tenant, "sync"], (old: SyncState | undefined) => ({ ...old, ...data }));
          waiting.current.add("sync-results");
        } else {
          waiting.current.add(name === "voucher" ? `voucher ${String(data.id ?? "")}` : name);
          if (name === "voucher") waiting.current.add("sync");
        }
        timer ??= setTimeout(flush, EVENTS_REST_MS);
      },
      (up) => {
        setLinked(up);
        if (up) void client.invalidateQueries({ queryKey: [tenant] });
      },
    );
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [tenant, book, catalogs, client]);
  return linked;
}

interface ProviderProps {
  readonly session: Session;
  readonly company: Tenant;
  readonly waiting: ReactNode;
  readonly failed: (problem: unknown, again: () => void) => ReactNode;
  readonly children: ReactNode;
}

export function BooksProvider({ session, company, waiting, failed, children }: ProviderProps) {
  const { language } = useLocale();
  const client = useQueryClient();
  const tenant = company.code;
  const catalogs = useMemo(() => new Catalogs(tenant), [tenant]);
  const specQuery = useQuery({
    queryKey: [tenant, "spec", language],
    queryFn: async () => readSpec(await get<Record<string, unknown>>(`/t/${tenant}/spec${query({ language })}`)),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
  const syncQuery = useQuery({
    queryKey: [tenant, "sync"],
    queryFn: () => get<SyncState>(`/t/${tenant}/sync`),
    refetchInterval: 15_000,
  });
  const spec = specQuery.data;
  const [branch, setBranchState] = useState(() => remembered(tenant, "branch"));
  const [book, setBookState] = useState(() => remembered(tenant, "book"));
  const linked = useLive(tenant, book, catalogs);
  const [period, setPeriodState] = useState<PeriodChoice>(() => firstPeriod(tenant, ""));

  const reloadSpec = useCallback(() => client.invalidateQueries({ queryKey: [tenant, "spec"] }), [client, tenant]);
  const value = useMemo<Books | null>(() => {
    if (!spec) return null;
    const only = spec.branches.length === 1 ? spec.branches[0]?.id : undefined;
    return {
      session,
      tenant,
      company,
      spec,
      catalogs,
      branch: only ?? (spec.branches.some((item) => item.id === branch) ? branch : ""),
      setBranch: (id) => {
        remember(tenant, "branch", id);
        setBranchState(id);
      },
      book: spec.books.includes(book) ? book : (spec.books[0] ?? "financial"),
      setBook: (name) => {
        remember(tenant, "book", name);
        setBookState(name);
      },
      period,
      setPeriod: (choice) => {
        if (choice.name !== "own") remember(tenant, "period", choice.name);
        setPeriodState(choice);
      },
      sync: syncQuery.data,
      linked,
      word: (path, otherwise) => wordAt(spec.words, path, otherwise ?? path.at(-1) ?? ""),
      path: (rest) => `/t/${tenant}${rest}`,
      reloadSpec,
    };
  }, [spec, session, tenant, company, catalogs, branch, book, period, syncQuery.data, linked, reloadSpec]);

  if (value) return <BooksContext.Provider value={value}>{children}</BooksContext.Provider>;
  return specQuery.isError ? failed(specQuery.error, () => void specQuery.refetch()) : waiting;
}

export function useBooks(): Books {
  const books = useContext(BooksContext);
  if (!books) throw new Error("BooksProvider is missing");
  return books;
}

/** Re-renders when catalogs change; the number is a dependency for what was computed from them. */
export function useCatalogStamp(): number {
  const { catalogs } = useBooks();
  return useSyncExternalStore(catalogs.subscribe, () => catalogs.stamp);
}
