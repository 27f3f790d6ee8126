// Amounts of đồng in words, as they will be printed: the same rules as base/spelling.py on the servers.
import type { Language } from "./amount";

const DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"] as const;
const BILLION = 1_000_000_000n;

function group(value: number, full: boolean): string[] {
  const [hundreds, tens, units] = [Math.floor(value / 100), Math.floor(value / 10) % 10, value % 10];
  const words: string[] = [];
  if (hundreds || full) words.push(DIGITS[hundreds] as string, "trăm");
  if (tens === 0 && units && (hundreds || full)) words.push("linh");
  if (tens === 1) words.push("mười");
  if (tens > 1) words.push(DIGITS[tens] as string, "mươi");
  if (units) {
    if (units === 5 && tens) words.push("lăm");
    else if (units === 1 && tens > 1) words.push("mốt");
    else if (units === 4 && tens > 1) words.push("tư");
    else words.push(DIGITS[units] as string);
  }
  return words;
}

function below(value: bigint, full: boolean): string[] {
  if (value >= BILLION) {
    const rest = value % BILLION;
    return [...below(value / BILLION, full), "tỷ", ...(rest ? below(rest, true) : [])];
  }
  const words: string[] = [];
  let leading = full;
  for (const [size, name] of [
    [1_000_000, "triệu"],
    [1_000, "nghìn"],
    [1, ""],
  ] as const) {
    const part = Math.floor(Number(value) / size) % 1_000;
    if (part) {
      words.push(...group(part, leading), ...(name ? [name] : []));
    }
    if (part || leading) leading = true;
  }
  return words;
}

const SMALL =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: readonly [bigint, string][] = [
  [10n ** 15n, "quadrillion"],
  [10n ** 12n, "trillion"],
  [BILLION, "billion"],
  [1_000_000n, "million"],
  [1_000n, "thousand"],
];

function english(value: bigint): string {
  for (const [size, name] of SCALES) {
    const rest = value % size;
    if (value >= size)
      return `${english(value / size)} ${name}${rest ? `${rest < 100n ? " and" : ""} ${english(rest)}` : ""}`;
  }
  const small = Number(value);
  if (small >= 100)
    return `${SMALL[Math.floor(small / 100)]} hundred${small % 100 ? ` and ${english(BigInt(small % 100))}` : ""}`;
  if (small < 20) return SMALL[small] as string;
  return `${TENS[Math.floor(small / 10)]}${small % 10 ? `-${SMALL[small % 10]}` : ""}`;
}

/** "Một trăm linh năm nghìn đồng chẵn." of whole đồng. */
export function spell(amount: bigint, language: Language): string {
  const size = amount < 0n ? -amount : amount;
  const words =
    language === "vi"
      ? `${amount < 0n ? "âm " : ""}${size === 0n ? "không" : below(size, false).join(" ")} đồng${size === 0n ? "" : " chẵn"}.`
      : `${amount < 0n ? "minus " : ""}${english(size)} dong${size === 0n ? "" : " only"}.`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}
