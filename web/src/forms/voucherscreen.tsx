// One voucher: loading it, its buttons, and what the server says about it.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useSearch } from "wouter";
import { useBooks, useCatalogStamp } from "../api/books";
import { get, query } from "../api/client";
import { useFaults } from "../api/faults";
import { homeBranch } from "../api/spec";
import type { Body, NewVoucher, Voucher, VoucherSpec } from "../api/types";
import { CATALOG_CELLS } from "./sources";
import { VoucherWork } from "./voucherwork";

const LEFT_BEHIND = new Set(["number", "corrects"]);

/** The body of a copy: everything but its number, on today's dates. */
export function copyOf(past: Body, fresh: Body): Body {
  const kept = Object.fromEntries(Object.entries(past).filter(([name]) => !LEFT_BEHIND.has(name)));
  return { ...fresh, ...kept, voucher_date: fresh.voucher_date ?? "", accounting_date: fresh.accounting_date ?? "" };
}

/** The type with the company's own reasons added to those of its folder; a stopped one only where it is `held`. */
function useOwnReasons(voucher: VoucherSpec | null | undefined, held: string): VoucherSpec | null {
  const { catalogs } = useBooks();
  const stamp = useCatalogStamp();
  useEffect(() => void catalogs.load("reason"), [catalogs]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says that catalogs hold something else now
  return useMemo(() => {
    if (!voucher) return null;
    const own = catalogs
      .all("reason")
      .filter((entry) => entry.body.type === voucher.code && (entry.active || entry.id === held));
    if (own.length === 0) return voucher;
    const reasons = own.map((entry) => ({
      code: entry.id,
      label: entry.name,
      debit: String(entry.body.debit_account ?? ""),
      credit: String(entry.body.credit_account ?? ""),
      partner_kind: "",
      cash_flow: "",
    }));
    return { ...voucher, reasons: [...voucher.reasons, ...reasons] };
  }, [voucher, catalogs, stamp, held]);
}

export function VoucherScreen({ voucher, id }: { voucher: VoucherSpec | null; id: string }) {
  const books = useBooks();
  const { tenant, path, branch, book, spec, catalogs } = books;
  const search = new URLSearchParams(useSearch());
  const faults = useFaults(spec.faults);
  const copied = search.get("copy") ?? "";
  const [round, setRound] = useState(0);
  const own = branch || homeBranch(spec);
  // A code typed before its catalog is here could not be understood: the form appears when all are.
  const codes = () => Promise.all(CATALOG_CELLS.map((kind) => catalogs.load(kind)));

  const fresh = useQuery({
    queryKey: [tenant, "new-voucher", voucher?.code, own, copied, round],
    queryFn: async () => {
      const asked = get<NewVoucher>(path(`/vouchers/new${query({ type: voucher?.code, branch: own })}`));
      const [begin] = await Promise.all([asked, codes()]);
      const past = copied ? await get<Voucher>(path(`/vouchers/${copied}`)) : null;
      const body: Body = { ...begin.body, type: voucher?.code ?? "", branch: begin.body.branch ?? own };
      return { ...begin, body: past ? copyOf(past.body, body) : body };
    },
    enabled: !id && voucher !== null,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const stored = useQuery({
    queryKey: [tenant, "voucher", id, book],
    queryFn: async () => {
      const [found] = await Promise.all([get<Voucher>(path(`/vouchers/${id}${query({ book })}`)), codes()]);
      return found;
    },
    enabled: id !== "",
  });

  const found = stored.data;
  const kind = id ? found && spec.voucher_types.find((item) => item.code === found.type) : voucher;
  const type = useOwnReasons(kind, String(found?.body.reason ?? ""));

  // What could not be fetched anew takes no form away that is already here, with somebody typing in it.
  const problem = fresh.data || found ? null : (fresh.error ?? stored.error);
  if (problem) {
    return (
      <section className="page">
        <div className="banner bad" role="alert" data-testid="voucher-fault">
          {faults.line(problem)}
        </div>
      </section>
    );
  }
  if (!id) {
    if (!type || !fresh.data) return null;
    return (
      <VoucherWork
        key={`new-${round}`}
        voucher={type}
        stored={null}
        begin={fresh.data}
        startEditing
        onAgain={() => setRound((number) => number + 1)}
      />
    );
  }
  if (!found || !type) return null;
  return (
    <VoucherWork
      key={id}
      voucher={type}
      stored={found}
      begin={null}
      startEditing={search.has("edit") && found.acts.edit === ""}
      startResolving={search.has("resolve") && found.conflict !== null}
      onAgain={() => undefined}
    />
  );
}
