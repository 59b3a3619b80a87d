/** Loops and branches. */
import { type Shape, shapeText } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import { Graph, type TensorType, type Value } from '../graph.ts';
import { typeText } from './emit.ts';

/** A loop-carried value; `shape` is its shape inside and after the loop where that differs from the start. */
interface Carried {
  readonly initial: Value;
  readonly shape?: Shape;
}

interface LoopStep {
  /** whether another step follows, a bool scalar; left out, the count alone decides */
  readonly continue?: Value;
  readonly carried: readonly Value[];
  /** values stacked over the steps along a new first axis */
  readonly stacked?: readonly Value[];
}

export interface LoopOptions {
  /** steps to run at most, an int64 scalar */
  readonly count: Value;
  readonly carried: readonly Carried[];
  /** name of the first axis of stacked results */
  readonly steps?: string | number;
  readonly body: (graph: Graph, iteration: Value, carried: readonly Value[]) => LoopStep;
}

/** Runs a body again and again: an ONNX Loop. */
export function loop(
  graph: Graph,
  name: string,
  options: LoopOptions,
): { carried: readonly Value[]; stacked: readonly Value[] } {
  const body = graph.body(name);
  const iteration = body.input(`${body.name}/iteration`, 'int64', []);
  const before = body.input(`${body.name}/continue`, 'bool', []);
  const inside = options.carried.map(({ initial, shape }, index) =>
    body.input(`${body.name}/carried_${index}`, initial.dtype, shape ?? initial.shape),
  );
  const step = options.body(body, iteration, inside);
  if (step.carried.length !== inside.length) {
    throw new GraphError(
      `Loop ${name}: the body returns ${step.carried.length} carried values of ${inside.length}`,
    );
  }
  body.output(`${body.name}/continue_next`, step.continue ?? before);
  step.carried.forEach((value, index) => {
    const declared = inside[index];
    if (declared !== undefined)
      assertCarried(name, index, declared, value, options.carried[index]?.shape === undefined);
    body.output(`${body.name}/next_${index}`, value);
  });
  const stacked = step.stacked ?? [];
  stacked.forEach((value, index) => body.output(`${body.name}/stacked_${index}`, value));
  const types: TensorType[] = [
    ...inside,
    ...stacked.map(({ dtype, shape }) => ({ dtype, shape: [options.steps ?? 'steps', ...shape] })),
  ];
  const inputs = [options.count, undefined, ...options.carried.map(({ initial }) => initial)];
  const outputs = Graph.emit('Loop', inputs, { body }, types, '', graph);
  return { carried: outputs.slice(0, inside.length), stacked: outputs.slice(inside.length) };
}

function assertCarried(name: string, index: number, declared: Value, value: Value, exact: boolean): void {
  const same = exact
    ? shapeText(declared.shape) === shapeText(value.shape)
    : declared.shape.length === value.shape.length;
  if (declared.dtype !== value.dtype || !same) {
    throw new GraphError(
      `Loop ${name}: carried value ${index} enters as ${typeText(declared)} and leaves as ${typeText(value)}`,
    );
  }
}

/** Runs one of two bodies: an ONNX If. Inside, `graph.capture(value)` keeps work in the branch. */
export function branch(
  graph: Graph,
  name: string,
  condition: Value,
  whenTrue: (graph: Graph) => readonly Value[],
  whenFalse: (graph: Graph) => readonly Value[],
): readonly Value[] {
  const build = (
    label: string,
    emit: (graph: Graph) => readonly Value[],
  ): { body: Graph; values: readonly Value[] } => {
    const body = graph.body(`${name}_${label}`);
    const values = emit(body);
    values.forEach((value, index) => body.output(`${body.name}/result_${index}`, value));
    return { body, values };
  };
  const then = build('then', whenTrue);
  const otherwise = build('else', whenFalse);
  const types = (values: readonly Value[]): string => values.map(typeText).join(', ');
  if (types(then.values) !== types(otherwise.values)) {
    throw new GraphError(`If ${name}: branches differ: ${types(then.values)} and ${types(otherwise.values)}`);
  }
  const attributes = { then_branch: then.body, else_branch: otherwise.body };
  return Graph.emit('If', [condition], attributes, then.values, '', graph);
}
