/**
 * The implementation details of PPO for language models by id, the test that guards each, and ways to break it.
 *
 * Ids and details are those of "The N Implementation Details of RLHF with PPO" (G, M, P, AD), of "The N+ Implementation
 * Details" (arXiv 2403.17031, N+), and A1, which gathers faults of a public code base that are mended here.
 */

/** A change of one place in the source. */
export interface Edit {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A way to lose the detail. */
export interface Break {
  readonly how: string;
  readonly edits: readonly Edit[];
}

export interface Detail {
  readonly id: string;
  readonly what: string;
  /** Holds tests whose names have the id as a word. */
  readonly tests: readonly string[];
  readonly breaks: readonly Break[];
}

const ALGORITHMS = 'gpu-runner/algorithms';
const PPO = `${ALGORITHMS}/ppo`;
const LLAMA = 'gpu-runner/llama';
const TESTS = 'test/gpu-runner/algorithms';
const HOST = `${TESTS}/ppo/details.test.ts`;
const ENGINE = `${TESTS}/ppo/engine-details.test.ts`;
const RUNS = `${TESTS}/ppo/ppo.test.ts`;
const TARGETS = `${TESTS}/ppo/targets.test.ts`;
const PREFERENCE = `${TESTS}/preference-model/train-preference-model.test.ts`;

const broken = (how: string, file: string, find: string, replace: string): Break => ({
  how,
  edits: [{ file, find, replace }],
});

export const DETAILS: readonly Detail[] = [
  {
    id: 'G1',
    what: 'preference model and value head read prompt and response',
    tests: [PREFERENCE],
    breaks: [
      broken(
        'the score reads the last tokens alone',
        `${ALGORITHMS}/preference-model/preference-model.ts`,
        'map((tokens) => lastOf(tokens))',
        'map((tokens) => lastOf(tokens.slice(-2)))',
      ),
    ],
  },
  {
    id: 'G2',
    what: 'the end token is kept and attended, padding never contributes',
    tests: [ENGINE, TARGETS],
    breaks: [
      broken(
        'the end token is cut off',
        `${ALGORITHMS}/generator.ts`,
        'row * width + (lengths[row] ?? 0)];',
        'row * width + (lengths[row] ?? 0) - 1];',
      ),
      broken(
        'padding enters the update',
        `${PPO}/rollout-batch.ts`,
        'index * shape.columns + (shape.lengths[index] ?? 0))',
        'index * shape.columns + shape.columns)',
      ),
    ],
  },
  {
    id: 'G3',
    what: 'positions are shifted for padding',
    tests: [ENGINE],
    breaks: [
      broken(
        'positions count from the longest prompt of the batch',
        `${LLAMA}/backends/cpu/decode-pass.ts`,
        'ops.add(ops.unsqueeze(pastLengths, [1]), ops.unsqueeze(offsets, [0]))',
        'ops.add(ops.add(ops.multiply(ops.unsqueeze(pastLengths, [1]), 0), ops.reduceMax(pastLengths)), ops.unsqueeze(offsets, [0]))',
      ),
    ],
  },
  {
    id: 'G4',
    what: 'the whole distribution is sampled',
    tests: [ENGINE],
    breaks: [
      broken(
        'draws lean to the likely end',
        `${LLAMA}/sampler/request.ts`,
        'uniform(seed, rowId, position) * (1 - 2 ** -22)',
        'uniform(seed, rowId, position) ** 1.2 * (1 - 2 ** -22)',
      ),
      broken('nuclei are sampled by default', 'shared/api/tasks/ppo.ts', '  topP: 1,\n', '  topP: 0.9,\n'),
    ],
  },
  {
    id: 'G5',
    what: 'the learning rate anneals to 0',
    tests: [HOST],
    breaks: [
      broken(
        'it stays at a half',
        'gpu-runner/tensor/learning-rate.ts',
        "kind === 'linear' ? 1 - progress",
        "kind === 'linear' ? 1 - progress / 2",
      ),
    ],
  },
  {
    id: 'G6',
    what: 'who draws, draws from a stream of its own',
    tests: [HOST],
    breaks: [
      broken(
        'all purposes share streams',
        `${ALGORITHMS}/streams.ts`,
        'return PURPOSES[purpose] * INDEX_LIMIT + index;',
        'return index;',
      ),
    ],
  },
  {
    id: 'M1',
    what: 'the score lands on the last token alone',
    tests: [HOST],
    breaks: [
      broken(
        'it lands on the first token',
        `${PPO}/rewards.ts`,
        'const last = row * shape.columns + length - 1;',
        'const last = row * shape.columns;',
      ),
    ],
  },
  {
    id: 'M2',
    what: 'the head starts as N(0, 1 / sqrt(d + 1)), bias 0',
    tests: [PREFERENCE],
    breaks: [
      broken(
        'it starts at deviation 0.02',
        `${LLAMA}/model/lora-layout.ts`,
        'fill(tensor, 1 / Math.sqrt(inputs + 1))',
        'fill(tensor, 0.02)',
      ),
    ],
  },
  {
    id: 'M3',
    what: 'scores have mean 0 and deviation 1 on reference samples',
    tests: [HOST, RUNS],
    breaks: [
      broken(
        'scores are left as they are',
        `${PPO}/rewards.ts`,
        'return { mean, standardDeviation };',
        'return { mean: 0, standardDeviation: 1 };',
      ),
    ],
  },
  {
    id: 'P1d',
    what: 'logits are divided by the temperature when sampling and training',
    tests: [ENGINE],
    breaks: [
      broken(
        'training forgets the temperature',
        `${PPO}/open-run.ts`,
        '      : null,\n    temperature,',
        '      : null,\n    temperature: 1,',
      ),
    ],
  },
  {
    id: 'P2d',
    what: 'the value head starts at 0',
    tests: [RUNS],
    breaks: [
      broken(
        'it starts at 0.1',
        `${PPO}/open-run.ts`,
        "if (name.startsWith('head.')) value.fill(0, offset",
        "if (name.startsWith('head.')) value.fill(0.1, offset",
      ),
    ],
  },
  {
    id: 'P3d',
    what: 'a prompt starts and ends where it should: at "Assistant:"',
    tests: [HOST],
    breaks: [
      broken(
        'any ending will do',
        'shared/dialogue/contrast-prompts.ts',
        'const dialogue = dialogueText(prompt);',
        'const dialogue = dialogueText(prompt) ?? prompt;',
      ),
      broken(
        'long prompts are cut',
        `${PPO}/rollout-prompts.ts`,
        'tokens: encodePrompt(tokenizer, plain, { name: id, maximumTokens })',
        'tokens: encodePrompt(tokenizer, plain, { name: id, maximumTokens: Infinity }).slice(0, maximumTokens)',
      ),
    ],
  },
  {
    id: 'P4d',
    what: 'no dropout',
    tests: [ENGINE],
    breaks: [
      broken(
        'a tenth of the adapter is dropped',
        `${LLAMA}/trainer/forward-pass.ts`,
        'float32([groupsOf(trainable), vectorLength(trainable)], vectors)',
        'float32([groupsOf(trainable), vectorLength(trainable)], vectors.map((x) => (Math.random() < 0.1 ? 0 : x / 0.9)))',
      ),
    ],
  },
  {
    id: 'P5d',
    what: 'a response without its stop earns a fixed penalty',
    tests: [HOST],
    breaks: [
      broken(
        'it is scored like any other',
        `${PPO}/rewards.ts`,
        "if (missingEosPenalty !== null && cellOf(ended, row, 'ended') === 0) return missingEosPenalty;",
        '',
      ),
    ],
  },
  {
    id: 'P6d',
    what: 'gamma is 1: returns telescope',
    tests: [HOST],
    breaks: [
      broken(
        'gamma is 0.95 in secret',
        `${PPO}/advantages.ts`,
        'nextAdvantage = delta + gamma * gaeLambda * nextAdvantage;',
        'nextAdvantage = delta + 0.95 * gamma * gaeLambda * nextAdvantage;',
      ),
    ],
  },
  {
    id: 'P7d',
    what: 'minibatches are reshuffled every epoch, each rollout once',
    tests: [HOST],
    breaks: [
      broken(
        'one order serves all epochs',
        `${PPO}/minibatches.ts`,
        "streamOf('ppo-minibatches', step * EPOCH_LIMIT + epoch)",
        "streamOf('ppo-minibatches', step * EPOCH_LIMIT)",
      ),
    ],
  },
  {
    id: 'P8d',
    what: 'each token pays its KL, the last one gets the score',
    tests: [HOST],
    breaks: [
      broken(
        'KL is rewarded',
        `${PPO}/rewards.ts`,
        "rewards[cell] = -klCoefficient * cellOf(kl, cell, 'kl');",
        "rewards[cell] = klCoefficient * cellOf(kl, cell, 'kl');",
      ),
    ],
  },
  {
    id: 'P9d',
    what: 'rewards are whitened with their mean kept, advantages without, by the population variance',
    tests: [HOST],
    breaks: [
      broken(
        'the sample variance is taken',
        `${PPO}/whitening.ts`,
        'variance: squares / count };',
        'variance: squares / (count - 1) };',
      ),
      broken(
        'rewards lose their mean',
        `${PPO}/whitening.ts`,
        "const offset = mode === 'keep-mean' ? mean : 0;",
        'const offset = 0;',
      ),
    ],
  },
  {
    id: 'P10d',
    what: 'the value loss is the larger of the clipped and the plain one',
    tests: [HOST],
    breaks: [
      broken(
        'the smaller one is taken',
        `${LLAMA}/trainer/losses.ts`,
        'const worse = ops.maximum(',
        'const worse = ops.minimum(',
      ),
      broken(
        'values are not clipped',
        `${LLAMA}/trainer/losses.ts`,
        'ops.clip(ops.subtract(values, oldValues), -clip, clip)',
        'ops.subtract(values, oldValues)',
      ),
    ],
  },
  {
    id: 'P11d',
    what: 'the KL coefficient adapts to a target, its error clipped to 0.2',
    tests: [HOST],
    breaks: [
      broken(
        'the error is hardly clipped',
        `${PPO}/kl-controller.ts`,
        'const ERROR_CLIP = 0.2;',
        'const ERROR_CLIP = 2;',
      ),
    ],
  },
  {
    id: 'AD1',
    what: "Adam's epsilon has two places, TensorFlow's and PyTorch's",
    tests: [HOST],
    breaks: [
      broken(
        'both forms are one',
        'gpu-runner/tensor/optimiser.ts',
        "const shift = epsilonForm === 'corrected' ? ops.multiply(rootCorrection2, epsilon) : epsilon;",
        'const shift = epsilon;',
      ),
      broken(
        'the setting does not reach the optimiser',
        `${ALGORITHMS}/adam-settings.ts`,
        'return { beta1, beta2, epsilon, epsilonForm, weightDecay, clipNorm: maximumGradientNorm };',
        "return { beta1, beta2, epsilon, epsilonForm: 'corrected', weightDecay, clipNorm: maximumGradientNorm };",
      ),
    ],
  },
  {
    id: 'N+1',
    what: 'the end-of-text trick (-1) by default, one learning rate for every size',
    tests: [HOST],
    breaks: [
      broken(
        'no penalty by default',
        'shared/api/tasks/ppo.ts',
        '  penaltyWithoutStop: -1,',
        '  penaltyWithoutStop: null,',
      ),
      broken(
        'the rate depends on the run',
        `${PPO}/ppo.ts`,
        'learningRate *\n    learningRateMultiplier(',
        '(learningRate / Math.sqrt(steps.length)) *\n    learningRateMultiplier(',
      ),
    ],
  },
  {
    id: 'N+2',
    what: 'the value model can start from the preference model whole',
    tests: [ENGINE],
    breaks: [
      broken(
        'its head is always dropped',
        `${PPO}/open-run.ts`,
        "settings.valueStart === 'zero-head' ? withoutHead(layout, vector) : vector",
        'withoutHead(layout, vector)',
      ),
    ],
  },
  {
    id: 'N+3',
    what: 'the preference model is validated by confidence of the label and by source of the pairs',
    tests: [`${TESTS}/preference-model/evaluate-scores.test.ts`],
    breaks: [
      broken(
        'all confidences are one',
        `${ALGORITHMS}/preference-model/evaluate-scores.ts`,
        'const confidence = Math.abs(2 * labelProbability - 1);',
        'const confidence = 1;',
      ),
      broken(
        'all sources are one',
        `${ALGORITHMS}/preference-model/evaluate-scores.ts`,
        'pairs.map(({ source }) => source)',
        "pairs.map(() => 'simulated')",
      ),
    ],
  },
  {
    id: 'N+4',
    what: 'every model sees the sampled ids, and the score is read at the end token',
    tests: [ENGINE],
    breaks: [
      {
        how: 'text is tokenised again',
        edits: [
          {
            file: `${ALGORITHMS}/response-text.ts`,
            find: '  /** The whole text, and how long it is after each token. */',
            replace:
              '  again(tokens: Int32Array): Int32Array {\n' +
              '    return this.#tokenizer.encode(this.#tokenizer.decode(tokens), { bos: true });\n  }\n',
          },
          {
            file: `${PPO}/score-rollouts.ts`,
            find: 'tokens: scoredPart(sequence, response), start',
            replace: 'tokens: engine.reader.again(scoredPart(sequence, response)), start',
          },
        ],
      },
      broken(
        'the score is read before the end token',
        `${ALGORITHMS}/response-text.ts`,
        'const scored = tokens.subarray(0, start + scoredTokens);',
        'const scored = tokens.subarray(0, start + scoredTokens - 1);',
      ),
    ],
  },
  {
    id: 'N+5',
    what: 'systems are judged on the same prompts, in both orders',
    tests: [HOST],
    breaks: [
      broken(
        'different prompts are compared',
        `${ALGORITHMS}/judge/judge-systems.ts`,
        'if (other === undefined || other.prompt !== completion.prompt) {',
        'if (other === undefined) {',
      ),
      broken(
        'one order is shown',
        `${ALGORITHMS}/judge/chat-judge.ts`,
        "judge.orders === 'both' ? [true, false] :",
        "judge.orders === 'both' ? [true] :",
      ),
    ],
  },
  {
    id: 'A1',
    what: 'whitening masks padding, the score keeps its place where padding is the end token, KL is not clamped',
    tests: [HOST],
    breaks: [
      broken(
        'padding is whitened too',
        `${PPO}/token-matrix.ts`,
        'const length = rowLength(shape, row);\n    for (let column = 0; column < length; column++) visit',
        'const length = shape.columns;\n    for (let column = 0; column < length; column++) visit',
      ),
      broken(
        'the score lands on the last column',
        `${PPO}/rewards.ts`,
        'const last = row * shape.columns + length - 1;',
        'const last = (row + 1) * shape.columns - 1;',
      ),
      broken(
        'k1 is clamped',
        `${PPO}/kl-penalty.ts`,
        'k1: (difference: number) => difference,',
        'k1: (difference: number) => Math.max(0, difference),',
      ),
    ],
  },
];
