/** Ranks with ties. */

/** Ranks from 1 upward; equal values share the mean of their ranks. */
export function averageRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks: number[] = Array.from({ length: values.length }, () => 0);
  for (let start = 0; start < order.length;) {
    let end = start;
    const value = values[order[start] ?? 0];
    while (end < order.length && values[order[end] ?? 0] === value) end++;
    for (const row of order.slice(start, end)) ranks[row] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}
