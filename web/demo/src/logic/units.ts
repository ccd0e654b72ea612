// Weights are kilograms in every record; people read and type them in the unit they prefer.

export type Unit = "kg" | "lbs";

/** By definition. */
const KG_PER_LB = 0.45359237;

/** What people call the unit. */
export const unitName = (unit: Unit): string => (unit === "kg" ? "kg" : "lb");

export const fromKg = (kg: number, unit: Unit): number => (unit === "kg" ? kg : kg / KG_PER_LB);

export const toKg = (value: number, unit: Unit): number => (unit === "kg" ? value : value * KG_PER_LB);

/** The weight as a number to read or to type over, without its unit: 102.5, 225. */
export function weightText(kg: number, unit: Unit): string {
  return String(round(fromKg(kg, unit), unit === "kg" ? 2 : 1));
}

/** The weight with its unit, for reading: 102.5 kg, 225 lb. */
export function weight(kg: number, unit: Unit): string {
  return `${grouped(fromKg(kg, unit), unit === "kg" ? 2 : 1)} ${unitName(unit)}`;
}

/** An estimate with its unit, to the nearest half. */
export function about(kg: number, unit: Unit): string {
  return `${grouped(Math.round(fromKg(kg, unit) * 2) / 2, 1)} ${unitName(unit)}`;
}

/** A sum of weights, where fractions mean nothing: 12,340 kg. */
export function volume(kg: number, unit: Unit): string {
  return `${grouped(fromKg(kg, unit), 0)} ${unitName(unit)}`;
}

/** The number that a person has typed, with a point or a comma; nothing if it is none, or below 0. */
export function parseNumber(text: string): number | undefined {
  const usual = text.trim().replace(",", ".");
  return /^\d+(\.\d*)?$|^\.\d+$/.test(usual) ? Number(usual) : undefined;
}

/** The whole number that a person has typed; nothing if it is none, or below 0. */
export function parseWhole(text: string): number | undefined {
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined;
}

/** A number for reading, its thousands set apart. */
export function grouped(value: number, digits: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
