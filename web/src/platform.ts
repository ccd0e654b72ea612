// The device's platform in familiar words, taken from the user agent.

const BROWSERS = [
  [/Edg/, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox|FxiOS/, "Firefox"],
  [/Chrom|CriOS/, "Chrome"],
  [/Safari/, "Safari"],
] as const;

const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone|iPad|iPod/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
] as const;

/** Firefox on Android. */
export function platformOf(agent: string): string {
  const first = (known: readonly (readonly [RegExp, string])[]): string | undefined => known.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [first(BROWSERS) ?? "A browser", first(SYSTEMS)];
  return system === undefined ? browser : `${browser} on ${system}`;
}
