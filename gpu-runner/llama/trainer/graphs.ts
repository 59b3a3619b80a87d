/** Forward and backward of training, and forward passes, as single graphs: model, scores, loss, gradient. */
import { type Dimension, elementCount, multiplyDimensions } from '../../tensor/dimension.ts';
import { gradients } from '../../tensor/gradient.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from '../model/architecture.ts';
import type { AdapterGroups, Backend } from '../model/backend.ts';
import { bundledInputs, rowsPerGroup } from '../model/bundled-tokens.ts';
import { finalNorm, residualStream } from '../model/decoder.ts';
import {
  directPreferenceLoss,
  languageModelLoss,
  policyLoss,
  preferenceLoss,
  prospectLoss,
  valueLoss,
  weightedSum,
} from './losses.ts';
import { type ScalarHeads, scalarHead } from '../model/scalar-head.ts';
import { SUM_FAN, SUM_LEVELS, selectRows, sumRowsById } from '../model/select-rows.ts';
import {
  frozenTokenScores,
  trainableCrossEntropy,
  trainableTokenScores,
  type TokenScores,
  type VocabularyProjection,
} from '../model/lm-head.ts';
import { logitForm } from '../model/logit-form.ts';
import { cutFlat, type GraphWeights } from '../model/graph-weights.ts';
import { fullLayout, trainableWeights } from './full-weights.ts';

/** Which numbers are trained: adapter groups over a frozen base, or all weights of a small fp32 model. */
export type Trainable =
  | ({ readonly kind: 'adapters'; readonly backend: Backend } & AdapterGroups)
  | { readonly kind: 'full'; readonly architecture: Architecture };

/** What a step minimises; `score` is the forward alone. */
export type Objective =
  | { readonly kind: 'language-model' }
  /** Whole distributions of a teacher as targets, of a model that is trained in full. */
  | { readonly kind: 'distillation' }
  | { readonly kind: 'preference' }
  | { readonly kind: 'direct-preference'; readonly beta: number }
  | { readonly kind: 'prospect'; readonly beta: number }
  /** Without a clip for values no value model is trained along. */
  | { readonly kind: 'ppo'; readonly policyClip: number; readonly valueClip: number | null };

export interface GraphOptions {
  readonly trainable: Trainable;
  /** longest sequence */
  readonly maximumTime: number;
  /** rows of the vocabulary product done at a time */
  readonly blockRows: number;
  /** logits are divided by it */
  readonly temperature: number;
}

export function architectureOf(trainable: Trainable): Architecture {
  return trainable.kind === 'full' ? trainable.architecture : trainable.backend.architecture;
}

export function groupsOf(trainable: Trainable): number {
  return trainable.kind === 'full' ? 1 : trainable.groups;
}

/** Numbers in the trained vector of one group. */
export function vectorLength(trainable: Trainable): number {
  if (trainable.kind === 'adapters') return trainable.layout.length;
  return fullLayout(trainable.architecture).reduce((sum, { length }) => sum + length, 0);
}

/** What the host picks rows of the residual stream for. */
type Picked = 'token' | 'scalar';

/** The model inside a graph, and its two ways out: token scores and scalar scores. */
class ModelGraph {
  readonly graph: Graph;
  readonly parameters: Value;
  readonly #options: GraphOptions;
  readonly #differentiable: boolean;
  readonly #weights: GraphWeights;
  readonly #stream: Value;
  readonly #rowsPerGroup: Dimension;
  readonly #flatRows: Dimension;
  readonly #table: Value | undefined;
  readonly #projection: VocabularyProjection | undefined;
  readonly #heads: ScalarHeads | undefined;
  readonly #inverses = new Map<Picked, Value>();

  constructor(name: string, options: GraphOptions, differentiable: boolean) {
    const { trainable } = options;
    this.graph = new Graph(name);
    this.#options = options;
    this.#differentiable = differentiable;
    const groups = groupsOf(trainable);
    const tokens = bundledInputs(this.graph, groups);
    this.parameters = this.graph.input('parameters', 'float32', [groups, vectorLength(trainable)]);
    this.#rowsPerGroup = rowsPerGroup(tokens);
    this.#flatRows = multiplyDimensions(groups, this.#rowsPerGroup);
    if (trainable.kind === 'full') {
      const tensors = cutFlat(this.parameters, fullLayout(trainable.architecture), []);
      const plan = differentiable ? this.#embeddingPlan(trainable.architecture) : undefined;
      this.#weights = trainableWeights(trainable.architecture, tensors, (table, ids) =>
        plan === undefined ? ops.gather(table, ids) : embed(table, ids, plan),
      );
      this.#table = trainable.architecture.tiedEmbedding ? tensors.get('embedding.weight') : undefined;
    } else {
      const { backend, layout } = trainable;
      const { maximumTime } = options;
      const model = backend.adaptedModel(this.graph, {
        layout,
        groups,
        parameters: this.parameters,
        tokens,
        maximumTime,
      });
      this.#projection = model.projection;
      this.#weights = model.weights;
      this.#heads = model.heads;
      this.#stream = model.stream;
      return;
    }
    this.#stream = residualStream(this.graph, this.#weights, tokens, options.maximumTime);
  }

  /** Log-probabilities and entropies of the picked tokens, [blocks, C]. */
  tokenScores(): TokenScores {
    const { blockRows, temperature } = this.#options;
    const shape = ['blocks', blockRows];
    const hidden = this.#picked('token', shape);
    const targets = this.graph.input('tokenTargets', 'int64', shape);
    const normed = finalNorm(this.#weights, hidden);
    if (this.#projection !== undefined) {
      const form = logitForm(this.#weights.architecture, temperature);
      return frozenTokenScores(normed, targets, form, this.#projection, this.#differentiable);
    }
    const table = this.#table ?? this.#outputTable();
    const flat = elementCount(shape);
    const width = this.#weights.architecture.hiddenSize;
    const scores = trainableTokenScores(
      ops.reshape(normed, [flat, width]),
      table,
      ops.reshape(targets, [flat]),
      this.#weights.architecture.softCaps.logits,
    );
    return {
      logProbabilities: ops.reshape(scores.logProbabilities, shape),
      entropies: ops.reshape(scores.entropies, shape),
    };
  }

  /** Cross-entropies of the picked rows with target distributions, [blocks, C]. */
  crossEntropies(): Value {
    const { vocabularySize, hiddenSize, softCaps } = this.#weights.architecture;
    if (this.#projection !== undefined || softCaps.logits !== null)
      throw new RangeError('distributions are learnt by a fully trained model without capped logits');
    const shape = ['blocks', this.#options.blockRows];
    const flat = elementCount(shape);
    const hidden = finalNorm(this.#weights, this.#picked('token', shape));
    const entropies = trainableCrossEntropy(
      ops.reshape(hidden, [flat, hiddenSize]),
      this.#table ?? this.#outputTable(),
      this.graph.input('distributions', 'float32', [flat, vocabularySize]),
    );
    return ops.reshape(entropies, shape);
  }

  /** Next-token logits of the picked rows, [blocks, C, vocabulary], divided by the temperature. */
  logits(): Value {
    const { blockRows, temperature } = this.#options;
    const { vocabularySize, hiddenSize } = this.#weights.architecture;
    const hidden = finalNorm(this.#weights, this.#picked('token', ['blocks', blockRows]));
    const flat = ops.reshape(hidden, [multiplyDimensions('blocks', blockRows), hiddenSize]);
    const form = logitForm(this.#weights.architecture, temperature);
    const logits = form.ends(this.#weights.linear('output', form.rows(flat)));
    return ops.reshape(logits.value, ['blocks', blockRows, vocabularySize]);
  }

  /** The scalar head of each picked row's own group, [scalars, width]. */
  scalarScores(width: number): Value {
    const shape = ['scalars', width];
    const flat = elementCount(shape);
    const hidden = finalNorm(this.#weights, this.#picked('scalar', shape));
    const group = this.graph.input('scalarGroups', 'int64', shape);
    if (this.#heads === undefined) throw new RangeError('a fully trained model has no scalar head');
    const rows = ops.reshape(hidden, [flat, this.#weights.architecture.hiddenSize]);
    const places = this.#differentiable
      ? { inverse: this.#inverse('scalar'), rowsPerGroup: this.#rowsPerGroup }
      : undefined;
    return ops.reshape(scalarHead(rows, ops.reshape(group, [flat, 1]), this.#heads, places), shape);
  }

  /** Rows of the residual stream that the host picked. */
  #picked(what: Picked, shape: readonly Dimension[]): Value {
    const index = this.graph.input(`${what}Index`, 'int64', shape);
    if (!this.#differentiable) return ops.gather(this.#stream, index);
    return selectRows(this.#stream, index, this.#inverse(what));
  }

  /** For each row of the batch the pick that took it. */
  #inverse(what: Picked): Value {
    const known = this.#inverses.get(what) ?? this.graph.input(`${what}Inverse`, 'int64', [this.#flatRows]);
    this.#inverses.set(what, known);
    return known;
  }

  #outputTable(): Value {
    const output = cutFlat(this.parameters, fullLayout(this.#weights.architecture), []).get('output.weight');
    if (output === undefined) throw new RangeError('the model has no output matrix');
    return ops.transpose(output, [1, 0]);
  }

  #embeddingPlan({ vocabularySize }: Architecture): readonly Value[] {
    const levels = Array.from({ length: SUM_LEVELS }, (_, level) =>
      this.graph.input(`embeddingSums${level}`, 'int64', [`sums${level}`, SUM_FAN]),
    );
    return [...levels, this.graph.input('embeddingInverse', 'int64', [vocabularySize])];
  }
}

/** Rows of a trained table; its gradient adds up the rows of each token in a fixed order. */
function embed(table: Value, tokens: Value, plan: readonly Value[]): Value {
  const [inverse] = plan.slice(-1);
  const [rows] = Graph.composite(
    'Embedding',
    [table],
    () => [ops.gather(table, tokens)],
    ({ outputGradients: [g] }) =>
      g === undefined || inverse === undefined ? [] : [sumRowsById(g, plan.slice(0, -1), inverse)],
  );
  return ops.first(rows === undefined ? [] : [rows]);
}

/**
 * Forward and backward of a part of a training step, in one run.
 *
 * Inputs: the batch, `parameters` [G, P], `accumulated` [G, P] (gradients of the parts before, or zeros). Outputs: `gradient`
 * [G, P] (accumulated plus this part's), `loss`, and what the objective scored.
 */
export function gradientGraph(options: GraphOptions, objective: Objective): Graph {
  const model = new ModelGraph(`${objective.kind}-gradient`, options, true);
  const { graph, parameters } = model;
  const loss = objectiveLoss(model, objective);
  const [fresh] = gradients(loss, [parameters]);
  const accumulated = graph.input('accumulated', 'float32', parameters.shape);
  graph.output('loss', loss);
  graph.output('gradient', ops.add(ops.known(fresh, 'gradient'), accumulated));
  return graph;
}

function objectiveLoss(model: ModelGraph, objective: Objective): Value {
  const { graph } = model;
  const like = (name: string, value: Value): Value => graph.input(name, 'float32', value.shape);
  if (objective.kind === 'preference') {
    const scores = model.scalarScores(2);
    graph.output('scalars', scores);
    const targets = graph.input('preferenceTargets', 'float32', ['scalars']);
    return preferenceLoss(scores, targets, graph.input('preferenceWeights', 'float32', ['scalars']));
  }
  if (objective.kind === 'distillation') {
    const crossEntropies = model.crossEntropies();
    return weightedSum(like('tokenWeights', crossEntropies), crossEntropies);
  }
  const { logProbabilities, entropies } = model.tokenScores();
  graph.output('logProbabilities', logProbabilities);
  if (objective.kind === 'language-model') {
    return languageModelLoss(logProbabilities, like('tokenWeights', logProbabilities));
  }
  if (objective.kind === 'direct-preference' || objective.kind === 'prospect') {
    const places = elementCount(logProbabilities.shape);
    const ofPair = (name: string): Value => graph.input(name, 'float32', ['pairs', 1]);
    const targets = {
      signs: graph.input('pairSigns', 'float32', ['pairs', places]),
      referenceMargins: ofPair('referenceMargins'),
      targets: ofPair('preferenceTargets'),
      weights: ofPair('preferenceWeights'),
    };
    const lossOf = objective.kind === 'prospect' ? prospectLoss : directPreferenceLoss;
    return lossOf(ops.reshape(logProbabilities, [places, 1]), targets, objective.beta);
  }
  graph.output('entropies', entropies);
  const values = objective.valueClip === null ? null : model.scalarScores(1);
  if (values !== null) graph.output('scalars', values);
  const policy = {
    oldLogProbabilities: like('oldLogProbabilities', logProbabilities),
    advantages: like('advantages', logProbabilities),
    weights: like('tokenWeights', logProbabilities),
  };
  if (values === null || objective.valueClip === null)
    return policyLoss(logProbabilities, policy, objective.policyClip);
  const value = {
    oldValues: like('oldValues', values),
    returns: like('returns', values),
    weights: like('valueWeights', values),
  };
  return ops.add(
    policyLoss(logProbabilities, policy, objective.policyClip),
    valueLoss(values, value, objective.valueClip),
  );
}

/** Which forward results a scoring graph gives. */
export type Scoring = 'tokens' | 'scalars' | 'tokens-and-scalars' | 'logits';

/** The forward alone, by the same operators as the training step: equal inputs give equal bits. */
export function forwardGraph(options: GraphOptions, scoring: Scoring): Graph {
  const model = new ModelGraph(`score-${scoring}`, options, false);
  if (scoring === 'logits') model.graph.output('logits', model.logits());
  if (scoring === 'tokens' || scoring === 'tokens-and-scalars') {
    const { logProbabilities, entropies } = model.tokenScores();
    model.graph.output('logProbabilities', logProbabilities);
    model.graph.output('entropies', entropies);
  }
  if (scoring === 'scalars' || scoring === 'tokens-and-scalars') {
    model.graph.output('scalars', model.scalarScores(1));
  }
  return model.graph;
}
