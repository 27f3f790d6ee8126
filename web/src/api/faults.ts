// Faults in the words of the screen's language: the server's own sentence first, else the spec's table.
import { useCallback } from "react";
import { useLocale } from "../locale/locale";
import { WORDS, type WordKey } from "../locale/words";
import { faultCure, faultSentence, Problem, UNREACHABLE } from "./client";
import type { FaultAnswer } from "./types";

export interface ToldFault {
  readonly code: string;
  readonly field: string;
  readonly sentence: string;
  readonly cure: string;
  readonly params?: FaultAnswer["params"] | undefined;
}

export interface TellFaults {
  readonly fault: (fault: FaultAnswer) => ToldFault;
  readonly problem: (error: unknown) => ToldFault[];
  /** All in one line, for a toast. */
  readonly line: (error: unknown) => string;
}

const HOLE = /\{(\w+)\}/g;
const OPTIONAL = /\[([^[\]]*)\]/g;

/** A sentence of the table with its params in place; a part in [brackets] is left out where one of its own is missing. */
export function filled(sentence: string, params: Readonly<Record<string, unknown>> = {}): string {
  const put = (text: string) =>
    text.replace(HOLE, (hole, name: string) => (params[name] === undefined ? hole : String(params[name])));
  return put(
    sentence.replace(OPTIONAL, (_, part: string) => {
      const full = put(part);
      return full.search(HOLE) < 0 ? full : "";
    }),
  );
}

export function useFaults(table: Readonly<Record<string, { sentence: string; cure: string }>> = {}): TellFaults {
  const { language, t } = useLocale();
  const fault = useCallback(
    (item: FaultAnswer): ToldFault => {
      const own = `fault.${item.code}`;
      const known = own in WORDS ? t(own as WordKey) : "";
      const worded = filled(table[item.code]?.sentence ?? "", item.params);
      const sentence = faultSentence(item, language);
      // A sentence of the server with a hole that nobody filled says less than our own.
      const whole = worded.search(HOLE) < 0 || !known ? worded : "";
      return {
        code: item.code,
        field: item.field ?? "",
        params: item.params,
        sentence:
          sentence !== item.code
            ? sentence
            : item.code === UNREACHABLE
              ? t("fault.unreachable")
              : whole || known || t("fault.unknown", { code: item.code }),
        cure: faultCure(item, language) || filled(table[item.code]?.cure ?? "", item.params),
      };
    },
    [language, t, table],
  );
  const problem = useCallback(
    (error: unknown): ToldFault[] =>
      error instanceof Problem
        ? error.faults.map(fault)
        : [
            {
              code: "UNKNOWN",
              field: "",
              sentence: t("fault.unknown", { code: error instanceof Error ? error.message : "?" }),
              cure: "",
            },
          ],
    [fault, t],
  );
  const line = useCallback(
    (error: unknown) =>
      problem(error)
        .map((item) => `${item.sentence} ${item.cure}`.trim())
        .join(" "),
    [problem],
  );
  return { fault, problem, line };
}
