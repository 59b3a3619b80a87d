/** Symbolic dimensions: integer polynomials in named sizes, such as 64, "batch", "batch*time" or "past+1". */
import { GraphError } from './errors.ts';

/** A known size, or an expression of names, integers, `*`, `+` and `-` without parentheses. */
export type Dimension = number | string;

export type Shape = readonly Dimension[];

/** Monomial (its names sorted, joined with `*`; empty for the constant) to its integer coefficient. */
type Polynomial = Map<string, number>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function addTerm(terms: Polynomial, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function parse(dimension: Dimension): Polynomial {
  const terms: Polynomial = new Map();
  if (typeof dimension === 'number') {
    if (!Number.isSafeInteger(dimension) || dimension < 0) {
      throw new GraphError(`A dimension must be a non-negative integer, got ${dimension}`);
    }
    addTerm(terms, '', dimension);
    return terms;
  }
  const sum = dimension.replaceAll(' ', '').replaceAll('-', '+-').replace(/^\+-/, '-');
  for (const term of sum.split('+')) {
    const names: string[] = [];
    let coefficient = term.startsWith('-') ? -1 : 1;
    for (const factor of term.replace(/^-/, '').split('*')) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (NAME.test(factor)) names.push(factor);
      else throw new GraphError(`Dimension "${dimension}" has the malformed factor "${factor}"`);
    }
    addTerm(terms, names.sort().join('*'), coefficient);
  }
  return terms;
}

function format(terms: Polynomial): Dimension {
  const monomials = [...terms.keys()].filter((monomial) => monomial !== '').sort();
  const constant = terms.get('') ?? 0;
  if (monomials.length === 0) {
    if (constant < 0) throw new GraphError(`A dimension came out negative: ${constant}`);
    return constant;
  }
  let text = '';
  for (const monomial of monomials) {
    const coefficient = terms.get(monomial) ?? 0;
    const sign = coefficient < 0 ? '-' : text === '' ? '' : '+';
    const factor = Math.abs(coefficient) === 1 ? '' : `${Math.abs(coefficient)}*`;
    text += `${sign}${factor}${monomial}`;
  }
  if (constant === 0) return text;
  return constant < 0 ? `${text}${constant}` : `${text}+${constant}`;
}

/** The one spelling of a dimension: equal dimensions are then `===`. @throws GraphError if malformed */
export function canonical(dimension: Dimension): Dimension {
  return typeof dimension === 'string' && NAME.test(dimension) ? dimension : format(parse(dimension));
}

/** a + sign * b. */
function combine(a: Dimension, b: Dimension, sign: 1 | -1): Dimension {
  const terms = parse(a);
  for (const [monomial, coefficient] of parse(b)) addTerm(terms, monomial, sign * coefficient);
  return format(terms);
}

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  return combine(a, b, 1);
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return combine(a, b, -1);
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  const product: Polynomial = new Map();
  for (const [left, leftCoefficient] of parse(a)) {
    for (const [right, rightCoefficient] of parse(b)) {
      const names = [...left.split('*'), ...right.split('*')].filter((name) => name !== '').sort();
      addTerm(product, names.join('*'), leftCoefficient * rightCoefficient);
    }
  }
  return format(product);
}

/** How many elements a shape holds. */
export function elementCount(shape: Shape): Dimension {
  let product: Dimension = 1;
  for (const dimension of shape) product = multiplyDimensions(product, dimension);
  return product;
}

/** The elements of a fully known shape, or undefined when a dimension is symbolic. */
export function knownElementCount(shape: Shape): number | undefined {
  const count = elementCount(shape);
  return typeof count === 'number' ? count : undefined;
}

/** The terms of a dimension, for emitting its value: names to multiply and the coefficient. */
export function dimensionTerms(dimension: Dimension): { names: string[]; coefficient: number }[] {
  return [...parse(dimension)].map(([monomial, coefficient]) => ({
    names: monomial === '' ? [] : monomial.split('*'),
    coefficient,
  }));
}

/** Whether a dimension is a single name, which a graph input can define. */
export function isName(dimension: Dimension): dimension is string {
  return typeof dimension === 'string' && NAME.test(dimension);
}

/** A shape as text for messages. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The shape two shapes broadcast to (numpy rules). @throws GraphError naming the operator and both shapes */
export function broadcastShapes(operator: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new GraphError(
      `${operator}: shapes ${shapeText(a)} and ${shapeText(b)} do not broadcast: dimension ${left} against ${right}`,
    );
  });
}
