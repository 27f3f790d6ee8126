// A dialog that hears its own keys only: Esc closes it, Ctrl+Enter accepts. Used for questions a person has asked for.
import { Modal } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { enterGoesOn } from "../kit/focus";
import { useLocale } from "../locale/locale";
import { isComposing } from "./chord";
import { useScope } from "./layers";

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly onAccept?: (() => void) | undefined;
  /** Stops what this dialog has set going, while it goes. */
  readonly onStop?: (() => void) | undefined;
  /** Goes on to settle the conflict this dialog tells of. */
  readonly onResolve?: (() => void) | undefined;
  readonly size?: string | number;
  readonly children: ReactNode;
  readonly testid?: string;
}

export function Dialog({ title, onClose, onAccept, onStop, onResolve, size = "md", children, testid }: Props) {
  // Where one was before: the focus goes back there, unless something else has taken it meanwhile.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      requestAnimationFrame(() => {
        const idle = !document.activeElement || document.activeElement === document.body;
        if (idle && before instanceof HTMLElement && before.isConnected) before.focus();
      });
    },
    [before],
  );
  const { t } = useLocale();
  const latest = useRef(onAccept);
  latest.current = onAccept;
  const accept = () => {
    // What stands in the box is taken first, and drawn, so that the newest `onAccept` hears of it.
    const box = document.activeElement;
    if (box instanceof HTMLInputElement) {
      flushSync(() => box.blur());
      box.focus();
    }
    latest.current?.();
  };
  const commands = { close: onClose, accept: onAccept ? accept : undefined, stop: onStop, resolve: onResolve };
  useScope("dialog", commands, { modal: true });
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnEscape={false}
      closeButtonProps={{ "aria-label": t("act.close") }}
      title={<strong>{title}</strong>}
      size={size}
      centered
      lockScroll={false} // nothing behind it scrolls as a whole, and the lock restyles the whole page at every opening
      transitionProps={{ duration: 0 }}
      overlayProps={{ backgroundOpacity: 0.35 }}
      data-testid={testid}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only Enter's way through the boxes inside */}
      <div
        data-regions=""
        onFocus={stayThere}
        onKeyDown={(event) => isComposing(event.nativeEvent) || enterGoesOn(event)}
      >
        <div data-region="dialog" data-testid={testid ? `${testid}-body` : undefined}>
          {children}
        </div>
      </div>
    </Modal>
  );
}

/**
 * The window's own focusing comes by timers, after the first keys of somebody quick on a slow machine: it must find the
 * box that has the focus by then, or the rest of a word goes into the first one.
 */
function stayThere({ currentTarget, target }: React.FocusEvent<HTMLElement>): void {
  for (const box of currentTarget.querySelectorAll("[data-autofocus]")) box.removeAttribute("data-autofocus");
  target.setAttribute("data-autofocus", "");
}
