// The frame around every screen: choices on top, modules at the left, keys that work everywhere.
import { Menu as DropMenu } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, Router, useLocation } from "wouter";
import { type Books, NOTICE, useBooks } from "../api/books";
import { Problem, post } from "../api/client";
import { useFaults } from "../api/faults";
import { isEmptyCompany } from "../api/spec";
import type { Todo } from "../api/types";
import { BranchSelect } from "../forms/choose";
import { Button } from "../keys/button";
import { useKeys, useScope } from "../keys/layers";
import { useLeave } from "../keys/leave";
import { showMoment } from "../kit/day";
import { comeIn, focusRegion, goRegion } from "../kit/focus";
import { Icon } from "../kit/icon";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";
import { KeySheet } from "./keysheet";
import { menuOf } from "./menu";
import { Pages } from "./pages";
import { type OpenPalette, Palette } from "./palette";
import { PeriodPicker } from "./period";

function SyncMark({ books }: { books: Books }) {
  const { t } = useLocale();
  const { sync, linked } = books;
  const problems = (sync?.failed ?? 0) + (sync?.conflicts ?? 0);
  const waiting = sync?.pending ?? 0;
  const tone = !linked || sync?.storage ? "bad" : !sync?.online ? "off" : sync.green === false ? "busy" : "";
  const state = !linked ? t("shell.no_server") : sync?.online ? t("sync.online") : t("sync.offline");
  return (
    <Link
      href="/sync"
      className="topbox"
      data-testid="sync-mark"
      data-online={linked && sync?.online ? "true" : "false"}
      data-pending={waiting}
      data-green={tone === ""}
    >
      <span className={`dot ${tone}`} />
      {state}
      {waiting ? <span className="soft">· {t("sync.pending", { count: waiting })}</span> : null}
      {problems ? (
        <span className="mark">
          <Icon name="warning" />
          {t("sync.failed", { count: problems })}
        </span>
      ) : null}
    </Link>
  );
}

// What stands around the windows is drawn for its own news only, not because one opens or closes.
const TopBar = memo(function TopBar({ onPalette, onLogOut }: { onPalette: () => void; onLogOut: () => void }) {
  const books = useBooks();
  const { t, language, setLanguage } = useLocale();
  const { session, spec, company, branch, setBranch, book, setBook, word } = books;
  const [, navigate] = useLocation();
  const leave = useLeave();
  return (
    <header data-region="choices">
      <Link href="/" className="brand">
        <img src="/icon.svg" alt="" />
        {t("app.name")}
      </Link>
      <span className="company ellipsis" title={company.name}>
        {company.name || company.code}
      </span>
      {spec.branches.length > 1 ? (
        <BranchSelect
          bare
          className="topbox"
          value={branch}
          onChange={(id) => leave(() => setBranch(id))}
          all={t("shell.all_branches")}
          testid="choose-branch"
        />
      ) : null}
      {spec.books.length > 1 ? (
        <select
          className="topbox"
          value={book}
          aria-label={t("shell.book")}
          onChange={({ target: { value } }) => leave(() => setBook(value))}
          data-stop=""
          data-testid="choose-book"
        >
          {spec.books.map((name) => (
            <option key={name} value={name}>
              {word(["book", name], name)}
            </option>
          ))}
        </select>
      ) : null}
      <PeriodPicker />
      <span className="grow" />
      <button type="button" className="topbox" onClick={onPalette} data-testid="open-palette">
        <Icon name="search" />
        <span className="soft">{t("shell.go")}</span>
        <kbd>Ctrl+K</kbd>
      </button>
      <SyncMark books={books} />
      <button
        type="button"
        className="topbox"
        onClick={() => setLanguage(language === "vi" ? "en" : "vi")}
        aria-label={language === "vi" ? "English" : "Tiếng Việt"}
        data-testid="language"
      >
        {language === "vi" ? "EN" : "VI"}
      </button>
      <DropMenu position="bottom-end" transitionProps={{ duration: 0 }}>
        <DropMenu.Target>
          <button type="button" className="topbox" data-testid="user-menu">
            {session.name || session.user}
          </button>
        </DropMenu.Target>
        <DropMenu.Dropdown>
          <DropMenu.Label>{word(["role", spec.role], spec.role)}</DropMenu.Label>
          {session.tenants.length > 1 ? (
            <DropMenu.Item onClick={() => navigate("~/")}>{t("shell.switch_company")}</DropMenu.Item>
          ) : null}
          <DropMenu.Item onClick={onLogOut} data-testid="log-out">
            {t("shell.log_out")}
          </DropMenu.Item>
        </DropMenu.Dropdown>
      </DropMenu>
    </header>
  );
});

const SideMenu = memo(function SideMenu() {
  const books = useBooks();
  const { t } = useLocale();
  const [location] = useLocation();
  const menu = useMemo(() => menuOf(books, t), [books, t]);
  const problems = (books.sync?.failed ?? 0) + (books.sync?.conflicts ?? 0);
  const todo = books.sync?.todo ?? 0;
  const list = useRef<HTMLElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    links[links.indexOf(document.activeElement as HTMLAnchorElement) + by]?.focus();
  };
  const current = (path: string) => location === path || location.startsWith(`${path}/`);
  return (
    <nav ref={list} aria-label={t("shell.menu")} data-region="menu" data-testid="menu" onKeyDown={onKeyDown}>
      <Link href="/" data-stop="" aria-current={location === "/" ? "page" : undefined}>
        <span className="ellipsis">{t("shell.home")}</span>
        {todo ? (
          <span
            className="count"
            data-testid="todo-badge"
            title={t("home.todo_mine", { mine: books.sync?.todo_mine ?? 0 })}
          >
            {todo}
          </span>
        ) : null}
      </Link>
      {menu.groups.map((group) => (
        <div key={group.title}>
          <h2>{group.title}</h2>
          {group.places.map((place) => (
            <Link
              key={place.path}
              href={place.path}
              data-stop=""
              aria-current={current(place.path) ? "page" : undefined}
              data-testid={`menu-${place.path}`}
              title={place.hint}
            >
              <span className="ellipsis">{place.label}</span>
              {place.path === "/sync" && problems ? <span className="count">{problems}</span> : null}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
});

function Frame() {
  const books = useBooks();
  const { t, language, setLanguage } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(books.spec.faults);
  const keys = useKeys();
  const [location, navigate] = useLocation();
  const leave = useLeave();
  const [palette, setPalette] = useState<OpenPalette | null>(null);
  const [sheet, setSheet] = useState(false);
  const [update, setUpdate] = useState<(() => void) | null>(null);
  const offline = books.linked && books.sync?.online === false;
  const [dismissed, setDismissed] = useState(false);
  const empty = isEmptyCompany(books.spec);

  useEffect(() => {
    const hear = (event: Event) => setUpdate(() => (event as CustomEvent<() => void>).detail);
    window.addEventListener("socai-update", hear);
    return () => window.removeEventListener("socai-update", hear);
  }, []);
  useEffect(() => {
    const hear = (event: Event) => {
      const item = (event as CustomEvent<Todo>).detail;
      const reason = item.faults[0] ? faults.fault(item.faults[0]).sentence : "";
      const state = books.word(["detail", item.state]);
      tell("bad", t("mend.notice", { number: item.number || item.description, state, reason }));
    };
    window.addEventListener(NOTICE, hear);
    return () => window.removeEventListener(NOTICE, hear);
  }, [books, faults, tell, t]);
  // Behind the login, and on every screen that takes no focus itself, the keys and a reader begin at the work.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each screen
  useEffect(() => {
    const frame = requestAnimationFrame(comeIn);
    return () => cancelAnimationFrame(frame);
  }, [location]);
  useEffect(() => {
    if (!offline) setDismissed(false); // the next outage is told anew
  }, [offline]);
  useEffect(() => {
    document.title = `${books.company.name || books.company.code} · ${t("app.name")}`;
  }, [books.company, t]);

  const leaving = useRef(leave);
  leaving.current = leave;
  const logOut = useCallback(
    () =>
      leaving.current(async () => {
        await post("/logout").catch(() => undefined);
        client.clear();
        client.setQueryData(["session"], null);
      }),
    [client],
  );
  const openPalette = useCallback(() => setPalette({ acts: keys.offered() }), [keys]);
  const syncNow = async () => {
    try {
      await post(books.path("/sync"));
      tell("info", t("sync.started"));
      void client.invalidateQueries({ queryKey: [books.tenant, "sync"] });
    } catch (error) {
      tell("bad", faults.line(error));
    }
  };
  useScope("app", {
    palette: openPalette,
    find: openPalette,
    key_sheet: () => setSheet(true),
    region: () => void goRegion(document.activeElement ?? document.body, 1),
    menu: () => void focusRegion(document, "menu"),
    sync_now: () => void syncNow(),
    dismiss: offline && !dismissed ? () => setDismissed(true) : undefined,
    home: () => navigate("/"),
    language: () => setLanguage(language === "vi" ? "en" : "vi"),
    choose_company: books.session.tenants.length > 1 ? () => navigate("~/") : undefined,
    log_out: logOut,
    preset: () => keys.setPreset(keys.preset === "standard" ? "misa" : "standard"),
  });

  return (
    <div className="shell">
      <a href="#work" className="button skip">
        {t("shell.skip")}
      </a>
      <TopBar onPalette={openPalette} onLogOut={logOut} />
      <SideMenu />
      <main id="work" tabIndex={-1}>
        {books.linked ? null : (
          <div className="banner bad" role="alert" style={{ borderRadius: 0 }}>
            <Icon name="warning" />
            {t("shell.no_server")}. {t("shell.fields")}
          </div>
        )}
        {offline && !dismissed ? (
          <div
            className="banner wait"
            role="status"
            style={{ borderRadius: 0, alignItems: "center" }}
            data-testid="offline-warning"
          >
            <Icon name="warning" />
            <span className="grow">
              {t("sync.offline_warning", {
                at: showMoment(books.sync?.as_of) || showMoment(books.sync?.last_sync_at) || "—",
              })}
            </span>
            <Button scope="app" act="dismiss" run={() => setDismissed(true)} testid="dismiss">
              {t("sync.dismiss")}
            </Button>
          </div>
        ) : null}
        {update ? (
          <div className="banner info" style={{ borderRadius: 0, alignItems: "center" }}>
            <span className="grow">{t("shell.update")}</span>
            <Button run={update}>{t("act.reload")}</Button>
          </div>
        ) : null}
        {books.sync?.storage ? (
          <div className="banner bad" role="alert" style={{ borderRadius: 0 }} data-testid="storage-fault">
            <Icon name="warning" />
            {faults.line(new Problem(503, "STORAGE_FAILED", [{ code: "STORAGE_FAILED", field: "" }], {}))}
          </div>
        ) : null}
        <Pages empty={empty} />
      </main>
      {palette ? <Palette open={palette} onClose={() => setPalette(null)} /> : null}
      {sheet ? <KeySheet onClose={() => setSheet(false)} /> : null}
    </div>
  );
}

export function Shell() {
  const { tenant } = useBooks();
  return (
    <Router base={`/t/${tenant}`}>
      <Frame />
    </Router>
  );
}
