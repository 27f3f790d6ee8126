// Login and choice of company. Behind it nothing is shown without a session.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { BooksProvider } from "../api/books";
import { get, Problem, post, setOnUnauthorised } from "../api/client";
import { useFaults } from "../api/faults";
import type { Session } from "../api/types";
import { Button } from "../keys/button";
import { useLocale } from "../locale/locale";
import { Shell } from "./shell";

function GatePanel({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  const { t, language, setLanguage } = useLocale();
  return (
    <main className="gate">
      <div className={`panel ${wide ? "wide" : ""}`}>
        <div className="row-flex">
          <h1 className="grow">
            <img src="/icon.svg" alt="" />
            {t("app.name")}
          </h1>
          <button type="button" className="button quiet" onClick={() => setLanguage(language === "vi" ? "en" : "vi")}>
            {language === "vi" ? "English" : "Tiếng Việt"}
          </button>
        </div>
        {children}
      </div>
    </main>
  );
}

function Login({ onDone }: { onDone: (session: Session) => void }) {
  const { t } = useLocale();
  const faults = useFaults();
  const [user, setUser] = useState(() => localStorage.getItem("socai.user") ?? "");
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only once, when the form appears
  useEffect(() => (user ? second : first).current?.focus(), []);

  const enter = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (!password && document.activeElement === first.current) return second.current?.focus();
    setBusy(true);
    setWrong("");
    try {
      const session = await post<Session>("/login", { user: user.trim(), password });
      localStorage.setItem("socai.user", user.trim());
      onDone(session);
    } catch (error) {
      setWrong(
        error instanceof Problem && error.status === 401 && !error.body.detail_vi
          ? t("login.failed")
          : faults.line(error),
      );
      second.current?.select();
      setBusy(false);
    }
  };

  return (
    <GatePanel>
      <p className="soft">{t("app.tagline")}</p>
      <form onSubmit={(event) => void enter(event)} data-testid="login">
        <div className="fields">
          <label>
            <span className="label">{t("login.user")}</span>
            <input
              ref={first}
              className="box"
              value={user}
              onChange={(event) => setUser(event.target.value)}
              autoComplete="username"
              data-testid="login-user"
            />
          </label>
          <label>
            <span className="label">{t("login.password")}</span>
            <input
              ref={second}
              className="box"
              type="password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
              autoComplete="current-password"
              aria-invalid={wrong ? true : undefined}
              data-testid="login-password"
            />
          </label>
          {wrong ? (
            <div className="banner bad" role="alert" data-testid="login-fault">
              {wrong}
            </div>
          ) : null}
        </div>
        <Button submit look="primary" run={() => undefined} testid="login-enter">
          {t("login.enter")}
        </Button>
      </form>
      <p className="soft" style={{ marginBottom: 0, fontSize: 12 }}>
        {t("login.offline_note")}
      </p>
    </GatePanel>
  );
}

function ChooseCompany({ session, onChosen }: { session: Session; onChosen: (code: string) => void }) {
  const { t } = useLocale();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector("button")?.focus(), []);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const next = buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by];
    if (by && next) {
      event.preventDefault();
      next.focus();
    }
  };
  return (
    <GatePanel>
      <p className="soft">{session.tenants.length ? t("company.choose") : t("company.none")}</p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrows move among the buttons inside */}
      <div className="choices" ref={list} onKeyDown={onKeyDown} data-testid="companies">
        {session.tenants.map((tenant) => (
          <button
            key={tenant.code}
            type="button"
            className="button"
            onClick={() => onChosen(tenant.code)}
            data-testid={`company-${tenant.code}`}
          >
            <span>
              <strong>{tenant.name || tenant.code}</strong>
              <br />
              <span className="soft">{tenant.code}</span>
            </span>
          </button>
        ))}
      </div>
    </GatePanel>
  );
}

function Failed({ error, again }: { error: unknown; again: () => void }) {
  const faults = useFaults();
  const { t } = useLocale();
  return (
    <GatePanel>
      <div className="banner bad" style={{ margin: "16px 0" }} role="alert">
        {faults.line(error)}
      </div>
      <Button look="primary" run={again}>
        {t("act.reload")}
      </Button>
    </GatePanel>
  );
}

export function Gate() {
  const client = useQueryClient();
  const [location, navigate] = useLocation();
  const { setLanguage } = useLocale();
  const session = useQuery({
    queryKey: ["session"],
    queryFn: async () => {
      try {
        return await get<Session>("/session");
      } catch (error) {
        if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null;
        throw error;
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => setOnUnauthorised(() => client.setQueryData(["session"], null)), [client]);

  const chosen = /^\/t\/([^/]+)/.exec(location)?.[1];
  const tenants = session.data?.tenants ?? [];
  const company = tenants.find((tenant) => tenant.code === chosen) ?? (tenants.length === 1 ? tenants[0] : undefined);
  const away = company !== undefined && company.code !== chosen;
  useEffect(() => {
    if (away && company) navigate(`/t/${company.code}`, { replace: true });
  }, [away, company, navigate]);

  if (session.isPending) return null;
  if (session.isError) return <Failed error={session.error} again={() => void session.refetch()} />;
  if (!session.data) {
    return (
      <Login
        onDone={(done) => {
          if (done.language && !localStorage.getItem("socai.language")) setLanguage(done.language);
          client.setQueryData(["session"], done);
        }}
      />
    );
  }
  if (!company) return <ChooseCompany session={session.data} onChosen={(code) => navigate(`/t/${code}`)} />;
  if (away) return null;
  return (
    <BooksProvider
      key={company.code}
      session={session.data}
      company={company}
      waiting={null}
      failed={(error, again) => <Failed error={error} again={again} />}
    >
      <Shell />
    </BooksProvider>
  );
}
