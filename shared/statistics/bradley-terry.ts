/** Bradley-Terry strengths of many systems from pairwise comparisons. */
import { requireNumbers, StatisticsInputError, UndefinedStatisticError } from './errors.ts';
import { solveSymmetric } from './solve-symmetric.ts';

/** One judged comparison; `score` is the first system's share: 1 won, 0 lost, 0.5 tied. */
export interface Comparison {
  readonly first: string;
  readonly second: string;
  readonly score: number;
}

export interface BradleyTerryOptions {
  /**
   * Tied comparisons added to every pair of systems (0 unless told): shrinks the strengths a little and makes them
   * finite even when a system won or lost everything.
   */
  readonly tiesAdded?: number;
}

/**
 * Maximum likelihood strengths: P(i beats j) = 1 / (1 + exp(s_j - s_i)), natural logarithm scale, sum 0.
 * Newton's method in float64, steps of at most 2; a tie counts half a win for each side.
 *
 * @returns system -> strength, systems in the order of their names
 * @throws StatisticsInputError on no comparisons, a system against itself, or a score outside 0..1
 * @throws UndefinedStatisticError if some group of systems never won or tied against the rest (strengths are infinite)
 */
export function bradleyTerry(
  comparisons: readonly Comparison[],
  options: BradleyTerryOptions = {},
): Map<string, number> {
  requireNumbers(
    'comparison scores',
    comparisons.map((comparison) => comparison.score),
    0,
    1,
  );
  const systems = [...new Set(comparisons.flatMap(({ first, second }) => [first, second]))].sort();
  const wins = winMatrix(comparisons, systems, options.tiesAdded ?? 0);
  requireConnected(wins, systems);
  const strengths = maximumLikelihood(wins, systems.length);
  return new Map(systems.map((system, index) => [system, strengths[index] ?? 0]));
}

/** Wins [n, n] row-major: row beat column, ties as halves. */
function winMatrix(
  comparisons: readonly Comparison[],
  systems: readonly string[],
  tiesAdded: number,
): Float64Array {
  const n = systems.length;
  if (!(tiesAdded >= 0 && tiesAdded < Infinity)) {
    throw new StatisticsInputError(`tiesAdded must be a number of at least 0, got ${tiesAdded}`);
  }
  const number = new Map(systems.map((system, index) => [system, index]));
  const wins = new Float64Array(n * n);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) if (row !== column) wins[row * n + column] = tiesAdded / 2;
  }
  for (const { first, second, score } of comparisons) {
    const [i = 0, j = 0] = [number.get(first), number.get(second)];
    if (i === j)
      throw new StatisticsInputError(`system "${first}" is compared with itself: leave such rows out`);
    wins[i * n + j] = (wins[i * n + j] ?? 0) + score;
    wins[j * n + i] = (wins[j * n + i] ?? 0) + 1 - score;
  }
  return wins;
}

/** Ford's condition: the graph "has beaten or tied" must be strongly connected, or a strength is infinite. */
function requireConnected(wins: Float64Array, systems: readonly string[]): void {
  const n = systems.length;
  const reaches = (edge: (from: number, to: number) => number) => {
    const seen = new Set([0]);
    for (const from of seen) for (let to = 0; to < n; to++) if (edge(from, to) > 0) seen.add(to);
    return seen;
  };
  const below = reaches((from, to) => wins[from * n + to] ?? 0);
  const above = reaches((from, to) => wins[to * n + from] ?? 0);
  const cut = systems.filter((_, index) => !below.has(index) || !above.has(index));
  if (cut.length > 0) {
    throw new UndefinedStatisticError(
      `no finite strengths: between "${systems[0]}" and ${cut.map((name) => `"${name}"`).join(', ')} ` +
        'one side never won or tied; judge more pairs or set tiesAdded',
    );
  }
}

function maximumLikelihood(wins: Float64Array, n: number): Float64Array {
  const strengths = new Float64Array(n);
  const free = n - 1; // the last strength is fixed at 0 while fitting
  for (let step = 0; step < 200; step++) {
    const gradient = new Float64Array(free);
    const information = new Float64Array(free * free);
    for (let i = 0; i < free; i++) {
      for (let j = 0; j < n; j++) {
        const won = wins[i * n + j] ?? 0;
        const games = won + (wins[j * n + i] ?? 0);
        if (i === j || games === 0) continue;
        const p = 1 / (1 + Math.exp((strengths[j] ?? 0) - (strengths[i] ?? 0)));
        gradient[i] = (gradient[i] ?? 0) + won - games * p;
        information[i * free + i] = (information[i * free + i] ?? 0) + games * p * (1 - p);
        if (j < free) information[i * free + j] = (information[i * free + j] ?? 0) - games * p * (1 - p);
      }
    }
    const change = solveSymmetric(information, gradient);
    const largest = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest > 2 ? 2 / largest : 1;
    for (let i = 0; i < free; i++) strengths[i] = (strengths[i] ?? 0) + scale * (change[i] ?? 0);
    // Newton's error is the square of its last step; for lopsided pairs rounding alone keeps steps above 1e-12.
    if (largest < 1e-8) {
      const center = strengths.reduce((sum, value) => sum + value, 0) / n;
      return strengths.map((value) => value - center);
    }
  }
  throw new UndefinedStatisticError('the strengths did not converge in 200 Newton steps: set tiesAdded');
}
