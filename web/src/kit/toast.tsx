// Short notes at the corner of the screen: they never take the focus from somebody who types.
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";

export type Tone = "info" | "good" | "wait" | "bad";

interface Toast {
  readonly key: number;
  readonly tone: Tone;
  readonly text: string;
}

export type Tell = (tone: Tone, text: string) => void;

const ToastContext = createContext<Tell>(() => undefined);
const SHOWN_MS = 5_000;
const TOASTS_MAX = 4;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const counter = useRef(0);
  const tell = useCallback<Tell>((tone, text) => {
    counter.current += 1;
    const key = counter.current;
    setToasts((shown) => [...shown.filter((toast) => toast.text !== text).slice(1 - TOASTS_MAX), { key, tone, text }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.key !== key)), SHOWN_MS);
  }, []);
  const list = useMemo(
    () => (
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.key} className={`banner toast ${toast.tone}`} data-testid="toast">
            {toast.text}
          </div>
        ))}
      </div>
    ),
    [toasts],
  );
  return (
    <ToastContext.Provider value={tell}>
      {children}
      {list}
    </ToastContext.Provider>
  );
}

export function useTell(): Tell {
  return useContext(ToastContext);
}
