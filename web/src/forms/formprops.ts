// What every part of a voucher's form is given: the header's boxes, the grids, the totals.
import type { VoucherSpec } from "../api/types";
import type { CellContext } from "./cell";
import type { VoucherModel } from "./model";
import type { Sources } from "./sources";

export type Mode = "view" | "edit" | "quick";

export interface FormProps {
  readonly voucher: VoucherSpec;
  readonly model: VoucherModel;
  readonly sources: Sources;
  readonly context: CellContext;
  readonly stamp: number;
  /** Which boxes are open: all, those that do not post, or none. */
  readonly mode: Mode;
  readonly expectedNumber: string;
  readonly isNew: boolean;
  /** Sentences by place ("number", "lines.0.amount"), places as they stand on the screen. */
  readonly faults: Readonly<Record<string, string>>;
  readonly onCreate: (source: string, text: string, done: (id: string) => void) => void;
  readonly onLeaveLines: () => void;
  readonly onEscape: () => void;
}
