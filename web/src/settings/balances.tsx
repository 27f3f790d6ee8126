// Opening balances: one voucher per branch of the type that stands before the books; a grid per kind, debit = credit live.
import { useQuery } from "@tanstack/react-query";
import { useBooks } from "../api/books";
import { get, query } from "../api/client";
import { useFaults } from "../api/faults";
import { homeBranch } from "../api/spec";
import type { Page, VoucherRow } from "../api/types";
import { BranchSelect } from "../forms/choose";
import { VoucherScreen } from "../forms/voucherscreen";
import { useLeave } from "../keys/leave";
import { useLocale } from "../locale/locale";

export function Balances() {
  const { tenant, path, spec, branch, book, setBranch } = useBooks();
  const { t } = useLocale();
  const leave = useLeave();
  const faults = useFaults(spec.faults);
  const type = spec.voucher_types.find((item) => item.before_books);
  const own = branch || homeBranch(spec);
  const found = useQuery({
    queryKey: [tenant, "balances", type?.code, own, book],
    queryFn: () => get<Page<VoucherRow>>(path(`/vouchers${query({ type: type?.code, branch: own, book, limit: 10 })}`)),
    enabled: type !== undefined,
    gcTime: 0,
  });
  if (!type) return null;
  if (found.isError) return <div className="banner bad">{faults.line(found.error)}</div>;
  if (!found.data) return null;
  const existing = found.data.items.find((item) => !item.deleted);
  return (
    <>
      {spec.branches.length > 1 ? (
        <div className="row-flex" style={{ padding: "10px 16px 0" }}>
          <span className="soft">{t("shell.branch")}</span>
          <span style={{ width: 240 }}>
            <BranchSelect bare value={own} onChange={(id) => leave(() => setBranch(id))} />
          </span>
        </div>
      ) : null}
      <VoucherScreen key={`${own} ${existing?.id ?? ""}`} voucher={existing ? null : type} id={existing?.id ?? ""} />
    </>
  );
}
