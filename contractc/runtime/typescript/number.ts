// Arithmetic on JSON numbers without rounding: multiples based on decimal digits, and exact sums and comparisons of integers.

/** Whether a value is a multiple of a step, based on the shortest decimal text of both: 0.3 is a multiple of 0.1. */
export function isMultipleOf(value: number | bigint, step: number | bigint): boolean {
  if (typeof value === "number" && typeof step === "number" && Number.isSafeInteger(value) && Number.isSafeInteger(step)) {
    return step !== 0 && value % step === 0;
  }
  if (typeof value === "number" && typeof step === "number") {
    const short = shortMultiple(value, step);
    if (short !== undefined) {
      return short;
    }
  }
  if (isWhole(value) && isWhole(step)) {
    return BigInt(step) !== 0n && BigInt(value) % BigInt(step) === 0n;
  }
  if (value === 0) {
    return true;
  }
  const [digits, exponent] = decimal(Number(value));
  const [stepDigits, stepExponent] = decimal(Number(step));
  if (stepDigits === 0n) {
    return false;
  }
  const shift = exponent - stepExponent;
  return shift >= 0 ? (digits * 10n ** BigInt(shift)) % stepDigits === 0n : digits % (stepDigits * 10n ** BigInt(-shift)) === 0n;
}

/** {@link isMultipleOf} for a step of few decimal places and a value of at most 15 digits; undefined for others. */
function shortMultiple(value: number, step: number): boolean | undefined {
  for (let power = 1; power <= 1e6; power *= 10) {
    // A double is the shortest form of an integer of at most 15 digits divided by a power of ten exactly if the division yields it.
    const stepDigits = Math.round(step * power);
    if (Math.abs(stepDigits) < 1e15 && stepDigits / power === step) {
      const digits = Math.round(value * power);
      // A value with more decimal places than the step is not a multiple of it.
      return Math.abs(digits) < 1e15 && stepDigits !== 0 ? digits / power === value && digits % stepDigits === 0 : undefined;
    }
  }
  return undefined;
}

/** Whether a number is an integer that is computed exactly. The limit is the same as in the generated Rust. */
function isWhole(value: number | bigint): boolean {
  return typeof value === "bigint" || (Number.isInteger(value) && Math.abs(value) < 1e38);
}

/** The shortest decimal form: the digits, and the power of ten that scales them. */
function decimal(value: number): [digits: bigint, exponent: number] {
  const [mantissa = "0", exponent = "0"] = Math.abs(value).toExponential().split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

/**
 * Compares `left` with `right + sign * offset`: the result is negative if `left` is less, positive if it is greater. Integers are not
 * rounded.
 */
export function compareWithSum(left: number | bigint, right: number | bigint, sign: 1 | -1, offset: number | bigint): number {
  const rounded = Number(right) + sign * Number(offset);
  const isExact = Number.isSafeInteger(rounded) || ![right, offset].every(isWhole);
  const sum = isExact ? rounded : BigInt(right) + BigInt(sign) * BigInt(offset);
  return left < sum ? -1 : left > sum ? 1 : 0;
}
