/** The gated activation of the feed-forward block, a composite with its own gradient. */
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

/**
 * silu(gate) * up of a matrix that holds both side by side.
 *
 * Gradient, with s = sigmoid(gate), a = gate s: dUp = g a, dGate = g up (s + a (1 - s)).
 *
 * @param gateUp [rows, 2 F]
 * @returns [rows, F]
 */
export function gatedActivation(gateUp: Value, width: number): Value {
  const [gate, up] = ops.split(gateUp, -1, [width, width]);
  if (gate === undefined || up === undefined) throw new GraphError('GatedActivation: no halves');
  const activated = ops.emitOne('QuickGelu', [gate], gate, { alpha: { float: 1 } }, 'com.microsoft');
  return ops.first(
    Graph.composite(
      'GatedActivation',
      [gateUp],
      () => [ops.multiply(activated, up)],
      ({ outputGradients: [g] }) => {
        if (g === undefined) return [];
        // Computed again from the gate, so that neither s nor a is kept from the forward on.
        const late = ops.after(gate, g);
        const s = ops.sigmoid(late);
        const a = ops.multiply(late, s);
        const slope = ops.add(s, ops.multiply(a, ops.subtract(1, s)));
        const toGate = ops.multiply(ops.multiply(g, up), slope);
        return [ops.concat([toGate, ops.multiply(g, a)], -1)];
      },
    ),
  );
}
