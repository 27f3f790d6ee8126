// A question with two answers. The first answer has the focus, so Enter gives it; Esc gives the other.
import type { ReactNode } from "react";
import { Actions } from "./actions";
import { Dialog } from "./dialog";

interface Props {
  readonly title: string;
  readonly yes: string;
  readonly no: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
  readonly testid: string;
  readonly children?: ReactNode;
}

export function Ask({ title, yes, no, onYes, onNo, testid, children }: Props) {
  return (
    <Dialog title={title} onClose={onNo} onAccept={onYes} testid={testid}>
      {children}
      <Actions
        first
        accept={onYes}
        words={yes}
        testid={`${testid}-yes`}
        close={onNo}
        closeWords={no}
        closeTestid={`${testid}-no`}
      />
    </Dialog>
  );
}
