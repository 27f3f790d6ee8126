// Exact decimals on BigInt: amounts, rates and quantities travel and are kept as decimal strings, never as floats.

/** The value is `digits` / 10^`places`. */
export interface Decimal {
  readonly digits: bigint;
  readonly places: number;
}

const WIRE = /^(-?)(\d+)(?:\.(\d+))?$/;

export function power(places: number): bigint {
  return 10n ** BigInt(places);
}

/** The wire form ("-1234.50") as an exact decimal, or null where it is not one. */
export function readDecimal(text: string | undefined | null): Decimal | null {
  const found = WIRE.exec((text ?? "").trim());
  if (!found) return null;
  const fraction = found[3] ?? "";
  const size = BigInt((found[2] ?? "0") + fraction);
  return { digits: found[1] ? -size : size, places: fraction.length };
}

/** The wire form with exactly `places` decimals; the digits must be scaled to it. */
export function writeScaled(scaled: bigint, places: number): string {
  const sign = scaled < 0n ? "-" : "";
  const size = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, "0");
  return places === 0 ? sign + size : `${sign}${size.slice(0, -places)}.${size.slice(-places)}`;
}

/** numerator / denominator, halves away from zero: the rounding of every converted amount. */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const [over, under] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator];
  const rounded = (2n * over + under) / (2n * under);
  return negative ? -rounded : rounded;
}

/** `value` counted in units of 10^-places, rounded half up where it has more decimals. */
export function scaledTo(value: Decimal, places: number): bigint {
  if (places >= value.places) return value.digits * power(places - value.places);
  return divideHalfUp(value.digits, power(value.places - places));
}

/** Minor units of a wire amount; 0 for empty or unreadable text, so that totals of half-typed rows still add up. */
export function minor(text: string | undefined | null, places: number): bigint {
  const value = readDecimal(text);
  return value ? scaledTo(value, places) : 0n;
}

/** Sum of wire amounts, as a wire amount. */
export function sumOf(texts: Iterable<string | undefined>, places: number): string {
  let total = 0n;
  for (const text of texts) total += minor(text, places);
  return writeScaled(total, places);
}

/** Foreign amount x rate in đồng, halves away from zero. Empty where either is missing. */
export function convertToDong(amount: string | undefined, rate: string | undefined): string {
  const [money, price] = [readDecimal(amount), readDecimal(rate)];
  if (!money || !price) return "";
  return writeScaled(divideHalfUp(money.digits * price.digits, power(money.places + price.places)), 0);
}
