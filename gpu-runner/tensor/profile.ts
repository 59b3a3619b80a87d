/** Sums the engine's profile file by operator, node and device. */

interface OperatorTime {
  readonly name: string;
  readonly calls: number;
  /** time in the operator itself, without the operators of its bodies, in milliseconds */
  readonly milliseconds: number;
}

export interface Profile {
  /** by operator type, longest first */
  readonly operators: readonly OperatorTime[];
  /** by node name, longest first */
  readonly nodes: readonly OperatorTime[];
  /** device placement: the engine's provider name to the operator types it ran */
  readonly placement: Readonly<Record<string, readonly string[]>>;
  readonly totalMilliseconds: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** start and duration in microseconds */
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

const KERNEL = '_kernel_time';

/** Reads a profile (Chrome trace JSON). */
export function summariseProfile(json: string): Profile {
  const events = (JSON.parse(json) as ProfileEvent[])
    .filter((event) => event.cat === 'Node' && event.name.endsWith(KERNEL))
    .sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const operators = new Map<string, { calls: number; microseconds: number }>();
  const nodes = new Map<string, { calls: number; microseconds: number }>();
  const placement = new Map<string, Set<string>>();
  const around: { readonly operator: string; readonly node: string; readonly end: number }[] = [];
  let total = 0;
  const count = (times: typeof nodes, name: string, calls: number, microseconds: number): void => {
    const sum = times.get(name) ?? { calls: 0, microseconds: 0 };
    times.set(name, { calls: sum.calls + calls, microseconds: sum.microseconds + microseconds });
  };
  for (const { name, ts, dur, args } of events) {
    const operator = args?.op_name ?? 'unknown';
    const node = name.slice(0, -KERNEL.length);
    while ((around.at(-1)?.end ?? Infinity) <= ts) around.pop();
    const outer = around.at(-1);
    if (outer === undefined) total += dur;
    else {
      count(operators, outer.operator, 0, -dur);
      count(nodes, outer.node, 0, -dur);
    }
    count(operators, operator, 1, dur);
    count(nodes, node, 1, dur);
    around.push({ operator, node, end: ts + dur });
    const provider = args?.provider ?? 'unknown';
    const placed = placement.get(provider) ?? new Set();
    placement.set(provider, placed.add(operator));
  }
  const ranked = (times: typeof nodes): OperatorTime[] =>
    [...times]
      .map(([name, { calls, microseconds }]) => ({ name, calls, milliseconds: microseconds / 1000 }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  return {
    operators: ranked(operators),
    nodes: ranked(nodes),
    placement: Object.fromEntries([...placement].map(([provider, names]) => [provider, [...names].sort()])),
    totalMilliseconds: total / 1000,
  };
}
