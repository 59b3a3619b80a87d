/** Win rate against the base by distance from it, a curve a run. */
import type { Estimate } from '../document.ts';
import type { Block } from './blocks.ts';

interface Curve {
  readonly method: string;
  readonly points: readonly { readonly kl: Estimate; readonly winRate: Estimate }[];
}

/** Capital ones: small ones stand for what is not told apart. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * @param each what has a curve
 * @param marks distances at which a line up stands
 */
export function winRateCurves(
  own: readonly Curve[],
  { each, marks = [] }: { readonly each: 'seed' | 'run'; readonly marks?: readonly number[] },
): Block {
  const methods = [...new Set(own.map(({ method }) => method))];
  const letterOf = (method: string) => LETTERS[methods.indexOf(method) % LETTERS.length] ?? '';
  const names = methods.map((method) => `${letterOf(method)} ${method}`).join(', ');
  const marked = marks.length > 0 ? '; lines up stand where methods are compared' : '';
  return {
    kind: 'curve-plot',
    caption: `Win rate against the base by KL from it (in square roots), a line a ${each}: ${names}${marked}`,
    x: 'KL from the base (nats a response)',
    y: 'win rate (%)',
    reference: 50,
    marks,
    curves: own.map(({ method, points }) => ({
      letter: letterOf(method),
      points: points
        .map(({ kl, winRate }) => ({ x: kl.value, y: winRate.value * 100 }))
        .toSorted((a, b) => a.x - b.x),
    })),
  };
}
