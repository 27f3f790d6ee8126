// The buttons below a dialog: what accepts it, what else it can do, and the way out.
import type { ReactNode } from "react";
import { Button } from "./button";

interface Props {
  readonly accept: () => void;
  readonly words: string;
  readonly refused?: string;
  readonly testid: string;
  readonly close: () => void;
  readonly closeWords: string;
  readonly closeTestid?: string;
  /** Accepting has the focus when the dialog opens: there is nothing to type. */
  readonly first?: boolean;
  readonly children?: ReactNode;
}

export function Actions({ accept, words, refused, testid, close, closeWords, closeTestid, first, children }: Props) {
  return (
    <div className="actions">
      <Button
        stop
        first={first ?? false}
        look="primary"
        scope="dialog"
        act="accept"
        run={accept}
        refused={refused}
        testid={testid}
      >
        {words}
      </Button>
      {children}
      <Button stop run={close} testid={closeTestid}>
        {closeWords}
      </Button>
    </div>
  );
}
