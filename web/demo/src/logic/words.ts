// Formats times, durations and numbers for display.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 1 set, 2 sets. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** 45 min, 1 h 05 min. */
export function duration(ms: number): string {
  const minutes = Math.round(ms / MINUTE);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** How long ago a time was: just now, 5 min ago, 3 h ago, 2 days ago, and the day for older times. */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < MINUTE) {
    return "just now";
  }
  if (passed < HOUR) {
    return `${Math.floor(passed / MINUTE)} min ago`;
  }
  if (passed < DAY) {
    return `${Math.floor(passed / HOUR)} h ago`;
  }
  return passed < 7 * DAY ? `${counted(Math.floor(passed / DAY), "day")} ago` : day(at, now);
}

/** A day: Today, Yesterday, Mon 3 Nov; with its year if it is not the current year. */
export function day(at: number, now: number): string {
  const days = Math.round((midnight(now) - midnight(at)) / DAY);
  if (days === 0 || days === 1) {
    return days === 0 ? "Today" : "Yesterday";
  }
  const date = new Date(at);
  const text = `${WEEKDAYS[date.getDay()]} ${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === new Date(now).getFullYear() ? text : `${text} ${date.getFullYear()}`;
}

/** A day without its weekday: 3 Nov 2025. */
export function shortDay(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

/** The time of day: 18:05. */
export function clock(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

/** A month: November 2025. */
export function month(at: number): string {
  return new Date(at).toLocaleDateString("en", { month: "long", year: "numeric" });
}

/** A tick label of a time axis: 3 Nov if days are distinguished, Nov otherwise, and the year in January. */
export function tick(at: number, span: number): string {
  const date = new Date(at);
  const name = MONTHS[date.getMonth()] ?? "";
  if (span < 100 * DAY) {
    return `${date.getDate()} ${name}`;
  }
  return date.getMonth() === 0 ? String(date.getFullYear()) : name;
}

/** The local day of a time, in the format of date inputs. */
export function dayInput(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The time that a date input stands for: noon of that day, which no daylight saving change moves to another day. */
export function fromDayInput(text: string): number | undefined {
  const at = new Date(`${text}T12:00`).getTime();
  return Number.isNaN(at) || at < 0 ? undefined : at;
}

/** The start of the week, which begins on Monday. */
export function weekStart(now: number): number {
  const date = new Date(midnight(now));
  date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  return date.getTime();
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
