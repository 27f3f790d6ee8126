// Reading amounts as accountants type them, and writing them as they read them.
// Reads 1.500.000 · 2,5tr · 1tr5 · 150k · 1ty2 · =12*350000 · (500). Dot thousands and comma decimals in Vietnamese, comma
// thousands and dot decimals in English, typed as shown.
import { type Decimal, divideHalfUp, power, readDecimal, writeScaled } from "./decimal";

export type Language = "vi" | "en";
export type AmountFault = "AMOUNT_INVALID" | "AMOUNT_FRACTIONAL" | "AMOUNT_TOO_LARGE";
export type AmountReading = { readonly value: string } | { readonly fault: AmountFault };

const AMOUNT_MAX = 10n ** 15n; // minor units of one line, as on the servers
const EXPRESSION_LENGTH_MAX = 200;
const UNITS: Readonly<Record<string, bigint>> = {
  k: 1_000n,
  n: 1_000n,
  ng: 1_000n,
  nghin: 1_000n,
  tr: 1_000_000n,
  trieu: 1_000_000n,
  m: 1_000_000n,
  ty: 1_000_000_000n,
  ti: 1_000_000_000n,
  b: 1_000_000_000n,
};

interface Ratio {
  readonly over: bigint;
  readonly under: bigint;
}

const whole = (value: bigint): Ratio => ({ over: value, under: 1n });

/** What stands between thousands, and before the decimals, in figures of a language. */
const MARKS: Readonly<Record<Language, readonly [thousands: string, point: string]>> = {
  vi: [".", ","],
  en: [",", "."],
};

const BOTH_MARKS = [/^([1-9]\d{0,2}(?:\.\d{3})+),(\d*)$/, /^([1-9]\d{0,2}(?:,\d{3})+)\.(\d*)$/];
const ONE_MARK = /^(\d*)([.,])(\d*)$/;

/**
 * One written number, as the screen's language writes it: 1.500.000,25 (vi), 1,500,000.25 (en).
 *
 * The other language's marks are taken only where one reading is left: 1,500,000 or 1,234.56 in Vietnamese; and 12.5,
 * for a numeric keypad has a single mark. What could be either by a slip (1234.567 in Vietnamese) is not read at all.
 */
export function readPlainNumber(text: string, language: Language): Decimal | null {
  if (/^\d+$/.test(text)) return decimalOf(text, "");
  if (/^[1-9]\d{0,2}((\.\d{3}){2,}|(,\d{3}){2,})$/.test(text)) return decimalOf(text, "");
  for (const form of BOTH_MARKS) {
    const found = form.exec(text);
    if (found) return decimalOf(found[1] ?? "", found[2] ?? "");
  }
  const [, head = "", mark, tail = ""] = ONE_MARK.exec(text) ?? [];
  if (head + tail === "") return null;
  const [thousands] = MARKS[language];
  if (mark !== thousands || tail.length !== 3 || /^0*$/.test(head)) return decimalOf(head, tail);
  return /^[1-9]\d{0,2}$/.test(head) ? decimalOf(head + tail, "") : null;
}

function decimalOf(head: string, tail: string): Decimal | null {
  return readDecimal(`${head.replace(/[.,]/g, "") || "0"}${tail ? `.${tail}` : ""}`);
}

const PIECE = /^([\d.,]+)\s*([a-z]+)?/;

/** A number with Vietnamese short units: "1tr5" is one million five hundred thousand, "1ty200tr" adds up. */
function readWithUnits(text: string, language: Language): Ratio | null {
  let rest = text;
  let total: Ratio = whole(0n);
  let last: bigint | null = null; // unit of the piece before
  while (rest) {
    const found = PIECE.exec(rest);
    const number = found ? readPlainNumber(found[1] ?? "", language) : null;
    if (!found || !number) return null;
    const unitName = found[2];
    if (!unitName && last !== null) {
      // Digits after a unit are its fraction: 1tr5 = 1,5tr and 1tr25 = 1,25tr.
      if (!/^\d+$/.test(found[1] ?? "") || rest.length !== found[0].length) return null;
      return add(total, { over: number.digits * last, under: power((found[1] ?? "").length) });
    }
    const unit = unitName ? UNITS[unitName] : 1n;
    if (unit === undefined || (last !== null && unit >= last)) return null;
    total = add(total, { over: number.digits * unit, under: power(number.places) });
    last = unitName ? unit : null;
    rest = rest.slice(found[0].length).trimStart();
    if (rest && last === null) return null;
  }
  return text ? total : null;
}

function add(left: Ratio, right: Ratio): Ratio {
  return { over: left.over * right.under + right.over * left.under, under: left.under * right.under };
}

/** Reads + - * / and brackets by recursive descent over exact ratios. Null for anything else. */
class Expression {
  private at = 0;
  constructor(
    private readonly text: string,
    private readonly language: Language,
  ) {}

  read(): Ratio | null {
    const value = this.sum();
    return value && this.at === this.text.length ? value : null;
  }

  private sum(): Ratio | null {
    let left = this.product();
    while (left && (this.peek() === "+" || this.peek() === "-")) {
      const minus = this.take() === "-";
      const right = this.product();
      left = right ? add(left, minus ? { over: -right.over, under: right.under } : right) : null;
    }
    return left;
  }

  private product(): Ratio | null {
    let left = this.factor();
    while (left && (this.peek() === "*" || this.peek() === "/")) {
      const times = this.take() === "*";
      const right = this.factor();
      if (!right || (!times && right.over === 0n)) return null;
      left = times
        ? { over: left.over * right.over, under: left.under * right.under }
        : { over: left.over * right.under, under: left.under * right.over };
    }
    return left;
  }

  private factor(): Ratio | null {
    if (this.peek() === "-") {
      this.take();
      const value = this.factor();
      return value && { over: -value.over, under: value.under };
    }
    if (this.peek() === "(") {
      this.take();
      const value = this.sum();
      if (!value || this.take() !== ")") return null;
      return value;
    }
    const found = /^[\d.,a-z]+/.exec(this.text.slice(this.at));
    if (!found) return null;
    this.at += found[0].length;
    return readWithUnits(found[0], this.language);
  }

  private peek(): string | undefined {
    return this.text[this.at];
  }

  private take(): string | undefined {
    return this.text[this.at++];
  }
}

function readRatio(text: string, language: Language): { value: Ratio; computed: boolean } | null {
  const plain = text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("đ", "d")
    .replace(/[\s_]/g, "");
  if (plain.length > EXPRESSION_LENGTH_MAX) return null;
  if (plain.startsWith("=")) {
    const value = new Expression(plain.slice(1), language).read();
    return value && { value, computed: true };
  }
  const bracketed = /^\((.+)\)$/.exec(plain);
  const negative = bracketed !== null || plain.startsWith("-");
  const body = (bracketed?.[1] ?? plain.replace(/^-/, "")).replace(/(d|vnd)$/, "");
  const value = readWithUnits(body, language);
  return value && { value: negative ? { over: -value.over, under: value.under } : value, computed: false };
}

/** What was typed as a wire amount with at most `places` decimals. A computed value is rounded half up, a typed one never. */
export function readAmount(text: string, places: number, language: Language): AmountReading {
  if (!text.trim()) return { value: "" };
  const found = readRatio(text, language);
  if (!found) return { fault: "AMOUNT_INVALID" };
  const over = found.value.over * power(places);
  if (!found.computed && over % found.value.under !== 0n) return { fault: "AMOUNT_FRACTIONAL" };
  const scaled = divideHalfUp(over, found.value.under);
  if (scaled > AMOUNT_MAX || scaled < -AMOUNT_MAX) return { fault: "AMOUNT_TOO_LARGE" };
  return { value: writeScaled(scaled, places) };
}

/** A rate: positive, up to ten decimals, zeros at the end dropped. */
export function readRate(
  text: string,
  language: Language,
): { readonly value: string } | { readonly fault: "RATE_INVALID" } {
  if (!text.trim()) return { value: "" };
  const found = readRatio(text, language);
  if (!found || found.value.over <= 0n) return { fault: "RATE_INVALID" };
  const plain = writeScaled(divideHalfUp(found.value.over * power(10), found.value.under), 10).replace(/\.?0+$/, "");
  return plain === "" || plain === "0" ? { fault: "RATE_INVALID" } : { value: plain };
}

/** The form people read: 1.234.567,50 (vi) or 1,234,567.50 (en). Text that is no number comes back as it is. */
export function showNumber(wire: string | undefined | null, language: Language, options: NumberStyle = {}): string {
  const value = readDecimal(wire);
  if (!value) return wire ?? "";
  if (value.digits === 0n && options.zeroBlank) return "";
  const [thousands, point] = MARKS[language];
  const size = (value.digits < 0n ? -value.digits : value.digits).toString().padStart(value.places + 1, "0");
  const head = value.places ? size.slice(0, -value.places) : size;
  const grouped = head.replace(/\B(?=(\d{3})+(?!\d))/g, thousands);
  const body = value.places ? `${grouped}${point}${size.slice(-value.places)}` : grouped;
  if (value.digits >= 0n) return body;
  return options.brackets ? `(${body})` : `-${body}`;
}

export interface NumberStyle {
  readonly zeroBlank?: boolean;
  readonly brackets?: boolean;
}
