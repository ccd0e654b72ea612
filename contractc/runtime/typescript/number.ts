// Arithmetic on JSON numbers without rounding: multiples based on decimal digits, and exact sums and comparisons of integers.

/** Whether a value is a multiple of a step, based on the shortest decimal text of both: 0.3 is a multiple of 0.1. */
export function isMultipleOf(value: number, step: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(step)) {
    return step !== 0 && value % step === 0;
  }
  if (value === 0) {
    return true;
  }
  const [digits, exponent] = decimal(value);
  const [stepDigits, stepExponent] = decimal(step);
  if (stepDigits === 0n) {
    return false;
  }
  const shift = exponent - stepExponent;
  return shift >= 0 ? (digits * 10n ** BigInt(shift)) % stepDigits === 0n : digits % (stepDigits * 10n ** BigInt(-shift)) === 0n;
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
export function compareWithSum(left: number, right: number, sign: 1 | -1, offset: number): number {
  const sum = right + sign * offset;
  const isExact = Number.isSafeInteger(sum) || ![left, right, offset].every(Number.isInteger);
  if (isExact) {
    return left - sum;
  }
  const exact = BigInt(right) + BigInt(sign) * BigInt(offset);
  return BigInt(left) < exact ? -1 : BigInt(left) > exact ? 1 : 0;
}
