// What a voucher is called. Opened, saved or given up: one goes on from here, and a reader says what it is.
import { type ReactNode, useEffect, useRef } from "react";
import { isNowhere } from "../kit/focus";
import type { Mode } from "./formprops";

export function Heading({ mode, children }: { mode: Mode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (mode === "view" && isNowhere()) heading.current?.focus();
  }, [mode]);
  return (
    <h1 ref={heading} tabIndex={-1} data-testid="voucher-title">
      {children}
    </h1>
  );
}
