// The module menu and all the places one can go to, drawn from the spec: no voucher type or report is known here.
import type { Books } from "../api/books";
import type { Translate } from "../locale/locale";

export interface Place {
  readonly path: string;
  readonly label: string;
  readonly group: string;
  readonly hint?: string;
}

export interface Menu {
  readonly groups: readonly { readonly title: string; readonly places: readonly Place[] }[];
  /** Everything else the palette offers: new vouchers, and what needs a person. */
  readonly more: readonly Place[];
}

const byOrder = <Item extends { order: number }>(items: readonly Item[]) =>
  [...items].sort((one, other) => one.order - other.order);

export function menuOf({ spec, word }: Books, t: Translate): Menu {
  const groups: { title: string; places: Place[] }[] = [];
  const more: Place[] = [];
  const modules = [...spec.modules];
  for (const item of [...spec.voucher_types, ...spec.reports]) {
    if (!modules.some((module) => module.code === item.module)) modules.push({ code: item.module, label: item.module });
  }
  for (const module of modules) {
    const vouchers = byOrder(spec.voucher_types.filter((item) => item.module === module.code && !item.before_books));
    const reports = byOrder(spec.reports.filter((item) => item.module === module.code));
    const places: Place[] = [
      ...vouchers.map((item) => ({ path: `/v/${item.code}`, label: item.title, group: module.label })),
      ...reports.map((item) => ({
        path: `/report/${item.code}`,
        label: item.short || item.title,
        group: module.label,
        hint: item.title,
      })),
    ];
    if (places.length) groups.push({ title: module.label, places });
    more.push(
      ...vouchers.map((item) => ({
        path: `/v/${item.code}/new`,
        label: t("palette.new", { title: item.title.toLowerCase() }),
        group: module.label,
      })),
    );
  }
  const catalogTitle = word(["module", "catalog"], t("shell.catalogs"));
  groups.push({
    title: catalogTitle,
    places: spec.catalogs
      .filter((kind) => kind.screen)
      .map((kind) => ({ path: `/catalog/${kind.name}`, label: kind.title, group: catalogTitle })),
  });
  const system = word(["module", "settings"], t("shell.system"));
  const places: Place[] = [{ path: "/sync", label: t("sync.title"), group: system }];
  if (spec.voucher_types.some((item) => item.before_books)) {
    places.push({ path: "/balances", label: t("balances.title"), group: system });
  }
  places.push({ path: "/numbers", label: t("numbers.title"), group: system });
  places.push({ path: "/settings/company", label: t("settings.company"), group: system });
  places.push({ path: "/settings/locks", label: t("settings.locks"), group: system });
  if (spec.role === "admin") places.push({ path: "/settings/users", label: t("users.title"), group: system });
  groups.push({ title: system, places });
  more.push({ path: "/", label: t("home.todo"), group: system, hint: t("shell.home") });
  return { groups, more };
}
