/** Spans of time as people write them. */

const SECONDS = { s: 1, m: 60, min: 60, h: 3600 } as const;

export const TIME_SPAN_CURE = 'Give a time such as 30m, 90s or 1.5h';

/** Seconds of a time such as 90s, 30m or 1.5h; undefined for anything else. */
export function readTimeSpan(text: string): number | undefined {
  const { amount, unit } = /^(?<amount>\d{1,6}(?:\.\d{1,3})?) ?(?<unit>s|m|min|h)$/.exec(text)?.groups ?? {};
  const seconds = Number(amount) * SECONDS[unit as keyof typeof SECONDS];
  return seconds > 0 ? seconds : undefined;
}
