// A question with two answers. The first answer has the focus, so Enter gives it; Esc gives the other.
import type { ReactNode } from "react";
import { Button } from "./button";
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
      <div className="actions">
        <Button stop first look="primary" scope="dialog" act="accept" run={onYes} testid={`${testid}-yes`}>
          {yes}
        </Button>
        <Button stop run={onNo} testid={`${testid}-no`}>
          {no}
        </Button>
      </div>
    </Dialog>
  );
}
