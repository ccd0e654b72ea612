// Every record stores weights in kilograms; the user reads and types them in the preferred unit.

export type Unit = "kg" | "lbs";

/** Exact by definition. */
const KG_PER_LB = 0.45359237;

/** The displayed name of the unit. */
export const unitName = (unit: Unit): string => (unit === "kg" ? "kg" : "lb");

export const fromKg = (kg: number, unit: Unit): number => (unit === "kg" ? kg : kg / KG_PER_LB);

export const toKg = (value: number, unit: Unit): number => (unit === "kg" ? value : value * KG_PER_LB);

/** The weight as an editable number without its unit: 102.5, 225. */
export function weightText(kg: number, unit: Unit): string {
  return String(round(fromKg(kg, unit), unit === "kg" ? 2 : 1));
}

/** The weight with its unit, for display: 102.5 kg, 225 lb. */
export function weight(kg: number, unit: Unit): string {
  return `${grouped(fromKg(kg, unit), unit === "kg" ? 2 : 1)} ${unitName(unit)}`;
}

/** An estimate with its unit, rounded to the nearest half. */
export function about(kg: number, unit: Unit): string {
  return `${grouped(Math.round(fromKg(kg, unit) * 2) / 2, 1)} ${unitName(unit)}`;
}

/** A sum of weights, rounded to a whole number: 12,340 kg. */
export function volume(kg: number, unit: Unit): string {
  return `${grouped(fromKg(kg, unit), 0)} ${unitName(unit)}`;
}

/** Parses a number with a decimal point or comma; returns undefined if the text is not a number or is below 0. */
export function parseNumber(text: string): number | undefined {
  const usual = text.trim().replace(",", ".");
  return /^\d+(\.\d*)?$|^\.\d+$/.test(usual) ? Number(usual) : undefined;
}

/** Parses a whole number; returns undefined if the text is not a whole number or is below 0. */
export function parseWhole(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** A number for display, with thousands separators. */
export function grouped(value: number, digits: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
