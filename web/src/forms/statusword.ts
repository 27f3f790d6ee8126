// The word beside a status icon: the spec's, else ours.
import type { Status } from "../api/types";
import type { Translate } from "../locale/locale";
import { WORDS, type WordKey } from "../locale/words";

export function statusWord(
  word: (path: readonly string[], otherwise?: string) => string,
  t: Translate,
  status: Status,
): string {
  const own = `status.${status.detail}`;
  return word(["detail", status.detail], own in WORDS ? t(own as WordKey) : status.detail);
}
