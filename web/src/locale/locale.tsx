// Which language the screen speaks. `t` never fails: a word nobody wrote is shown as its key.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Language } from "../kit/amount";
import { WORDS, type WordKey } from "./words";

export type Params = Readonly<Record<string, string | number>>;
export type Translate = (key: WordKey, params?: Params) => string;

interface Locale {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly t: Translate;
}

const LocaleContext = createContext<Locale | null>(null);
const LANGUAGE_KEY = "socai.language";

export function translate(language: Language, key: WordKey, params: Params = {}): string {
  const pair: readonly [string, string] | undefined = WORDS[key];
  if (!pair) return key;
  return pair[language === "vi" ? 0 : 1].replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? "…"));
}

export function LocaleProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => (localStorage.getItem(LANGUAGE_KEY) === "en" ? "en" : "vi"));
  useEffect(() => {
    localStorage.setItem(LANGUAGE_KEY, language);
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo<Locale>(
    () => ({ language, setLanguage, t: (key, params) => translate(language, key, params) }),
    [language],
  );
  return <LocaleContext.Provider value={value}>{children}</LocaleContext.Provider>;
}

export function useLocale(): Locale {
  const locale = useContext(LocaleContext);
  if (!locale) throw new Error("LocaleProvider is missing");
  return locale;
}
