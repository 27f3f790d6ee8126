// One way to the data server: JSON in, JSON out, and a Problem for everything that was refused or did not arrive.
import { showMoment } from "../kit/day";
import type { FaultAnswer, Language } from "./types";

export const UNREACHABLE = "DS_UNREACHABLE";

/** What the server refused, or "unreachable". `faults` is never empty. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly faults: readonly FaultAnswer[],
    readonly body: Record<string, unknown>,
  ) {
    super(code);
  }
}

async function readJson(answer: Response): Promise<Record<string, unknown>> {
  const type = answer.headers.get("content-type") ?? "";
  if (!type.includes("json")) return {};
  const read: unknown = await answer.json().catch(() => ({}));
  return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : {};
}

function problemOf(status: number, body: Record<string, unknown>): Problem {
  const code = typeof body.code === "string" ? body.code : `HTTP_${status}`;
  const listed = Array.isArray(body.faults) ? (body.faults as FaultAnswer[]) : [];
  const faults = listed.length ? listed : [{ field: "", ...body, code } as FaultAnswer];
  return new Problem(status, code, faults, body);
}

let onUnauthorised: () => void = () => undefined;

/** Called when the session has ended, so that the shell can ask for the password again. */
export function setOnUnauthorised(hear: () => void): void {
  onUnauthorised = hear;
}

export async function call<Answer>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  let answer: Response;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw problemOf(0, { code: UNREACHABLE });
  }
  const read = await readJson(answer);
  if (answer.ok) return read as Answer;
  if (answer.status === 401 && path !== "/login" && path !== "/session") onUnauthorised();
  throw problemOf(answer.status, read);
}

export const get = <Answer>(path: string, signal?: AbortSignal) => call<Answer>("GET", path, undefined, signal);
export const put = <Answer>(path: string, body: unknown) => call<Answer>("PUT", path, body);
export const post = <Answer>(path: string, body: unknown = {}) => call<Answer>("POST", path, body);

/** "?a=1&b=2" of the values that are not empty. */
export function query(values: Readonly<Record<string, string | number | boolean | undefined | null>>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length ? `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}` : "";
}

const MOMENT = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g;

/** A sentence with the moments in it as the clock on the wall here shows them. */
const localMoments = (text: string) => text.replace(MOMENT, (moment) => showMoment(moment));

/** The sentence of a fault in the screen's language, as the server worded it. */
export function faultSentence(fault: FaultAnswer, language: Language): string {
  const told = language === "en" ? (fault.detail_en ?? fault.detail_vi) : (fault.detail_vi ?? fault.detail_en);
  return localMoments(told ?? fault.code);
}

export function faultCure(fault: FaultAnswer, language: Language): string {
  return localMoments((language === "en" ? (fault.cure_en ?? fault.cure_vi) : (fault.cure_vi ?? fault.cure_en)) ?? "");
}
