/** Numbers as a report writes them. */
import type { Estimate } from './document.ts';

/** With so many digits, and zero without a sign. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
}

/** `62.5`: a share in per cent. */
export function percent(share: number): string {
  return fixed(share * 100, 1);
}

/** `62.5 % [57.7, 67.1]`. */
export function percentWithInterval(
  share: number,
  { lower, upper }: { readonly lower: number; readonly upper: number },
): string {
  return `${percent(share)} % [${percent(lower)}, ${percent(upper)}]`;
}

/** `62.5 [57.7, 67.1]`, in per cent. */
export function percentEstimate({ value, interval }: Estimate): string {
  return `${percent(value)} [${percent(interval.lower)}, ${percent(interval.upper)}]`;
}

/** `0.032`, `< 0.001`: a p-value. */
export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : fixed(p, 3);
}

export function estimateText({ value, interval }: Estimate, digits: number): string {
  return `${fixed(value, digits)} [${fixed(interval.lower, digits)}, ${fixed(interval.upper, digits)}]`;
}

/** `47.9 ± 3.2`. */
export function meanAndDeviation({
  mean,
  standardDeviation,
}: {
  readonly mean: number;
  readonly standardDeviation: number | null;
}): string {
  return standardDeviation === null ? fixed(mean, 1) : `${fixed(mean, 1)} ± ${fixed(standardDeviation, 1)}`;
}

/** `1 h 5 min`, `4 min 10 s`, `12 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
