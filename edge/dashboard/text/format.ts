/** Numbers and times as people read them. */
const THIN_SPACE = '\u202f';

/** `0.7234` -> `72.3 %`. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}${THIN_SPACE}%`;
}

/** `67.5 to 76.3 %`. */
export function percentRange({ lower, upper }: { lower: number; upper: number }): string {
  return `${(100 * lower).toFixed(1)} to ${percent(upper)}`;
}

/** Three or four digits that matter: `0.0123`, `12.3`, `1.23e-7`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) return value.toExponential(2);
  if (Number.isInteger(value)) return count(value);
  return Number(value.toPrecision(size >= 1000 ? 5 : 3)).toString();
}

/** `12 345`. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+(?!\d))/g, THIN_SPACE);
}

/** `25.3 GB`, of bytes. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)}${THIN_SPACE}GB`;
}

/** `2 h 05 min`, `3 min 20 s`, `4.2 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)}${THIN_SPACE}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${THIN_SPACE}s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  if (hours > 0) return `${hours}${THIN_SPACE}h ${two(minutes)}${THIN_SPACE}min`;
  return `${minutes}${THIN_SPACE}min ${two(whole % 60)}${THIN_SPACE}s`;
}

function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)}${THIN_SPACE}s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}${THIN_SPACE}min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)}${THIN_SPACE}h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** `just now`, `12 min ago`, `3 days ago`. */
export function ago(instant: number, now: number): string {
  const seconds = Math.max(0, (now - instant) / 1000);
  return seconds < 10 ? 'just now' : `${span(seconds)} ago`;
}

/** The same of what may be still to come: `in 3 days`. */
export function fromNow(instant: number, now: number): string {
  // Clocks of two machines, and the one of the page, which moves by seconds, are not equal.
  return instant > now + 10_000 ? `in ${span((instant - now) / 1000)}` : ago(instant, now);
}

/** `2026-11-23 20:34`, in the reader's time zone. */
export function dateTime(instant: number): string {
  const date = new Date(instant);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

const DAY_MILLISECONDS = 86_400_000;

/** `20:34`, in the reader's time zone; with its day where that is not within a day of now. */
export function clock(instant: number, now: number): string {
  const text = dateTime(instant);
  return Math.abs(instant - now) < DAY_MILLISECONDS ? text.slice(-5) : text;
}
