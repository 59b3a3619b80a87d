/** Judge: the aligned model against the base on the same prompts, by judges that no training step saw. */
import { z } from 'zod';
import { serverAddress, tokenPrice } from '../served-model.ts';
import { sha256 } from '../sha256.ts';
import { count, interval, promptForm, summary } from './settings.ts';

const shortText = z.string().min(1).max(200);

/** A text classifier in a folder on the runner's machine, as Hugging Face pipelines open it (ONNX weights). */
const classifier = z.strictObject({
  kind: z.literal('classifier'),
  folder: z.string().min(1).max(1000),
  /** Whose probability is a response's score, as the classifier's configuration spells it. */
  label: shortText,
});

/** A chat model behind an OpenAI-compatible server, asked with the paper's prompts; the runner alone knows the key. */
const endpoint = z.strictObject({
  kind: z.literal('endpoint'),
  /** Of a server that the runner allows (RLCD_SERVED_HOSTS); left out, the one that it was started with (RLCD_JUDGE_URL). */
  url: serverAddress.optional(),
  model: shortText,
  question: z.enum(['harmless', 'harmlessHelpful', 'helpful', 'outline']),
  /** Both orders, averaged; `one-order` draws one for each pair, parity with the paper. */
  orders: z.enum(['both', 'one-order']).default('both'),
  /** Of the answer. */
  maximumTokens: z.int().min(1).max(8192).default(256),
  /** Null where the cost is not counted. */
  price: tokenPrice.nullable().default(null),
});
export type EndpointJudge = z.output<typeof endpoint>;

/** VADER's lexicon. */
const sentiment = z.literal('sentiment');

/** A preference model on the experiment's base model, by the SHA-256 of its artifact; one that trained none of it. */
const preferenceModel = <Artifact extends z.ZodType>(artifact: Artifact) =>
  z.strictObject({ kind: z.literal('preference-model'), artifact });

const judgeOf = <Artifact extends z.ZodType>(artifact: Artifact) =>
  z.union([sentiment, z.discriminatedUnion('kind', [preferenceModel(artifact), classifier, endpoint])]);

/** A judge as a task gets it. */
const taskJudge = judgeOf(z.strictObject({ sha256, bytes: count }));
export type TaskJudge = z.output<typeof taskJudge>;

/** The name under which a judge's comparisons are kept: unlike judges have unlike names. */
export function judgeName(judge: TaskJudge | z.output<typeof experimentJudge>): string {
  if (typeof judge === 'string') return judge;
  if (judge.kind === 'endpoint') return `${judge.model}-${judge.question}`;
  if (judge.kind === 'classifier') return `classifier-${judge.label}-${judge.folder}`.slice(0, 200);
  const { artifact } = judge;
  return `preference-model-${(typeof artifact === 'string' ? artifact : artifact.sha256).slice(0, 12)}`;
}

const distinct = {
  check: (judges: readonly (TaskJudge | z.output<typeof experimentJudge>)[]) =>
    new Set(judges.map(judgeName)).size === judges.length,
  error: 'must not repeat a judge',
};

const experimentJudge = judgeOf(sha256);

export const judgeHyperparameters = z.strictObject({
  judges: z.array(experimentJudge).min(1).max(8).refine(distinct.check, { error: distinct.error }),
});

export const JUDGE_DEFAULTS: z.output<typeof judgeHyperparameters> = { judges: ['sentiment'] };

/**
 * Inputs: `completions-0000`, ... and `base-completions-0000`, ..., and `judge-<SHA-256>` for each preference model.
 * Output: `comparisons`.
 */
export const judgeParameters = z
  .strictObject({
    judges: z.array(taskJudge).min(1).max(8).refine(distinct.check, { error: distinct.error }),
    promptForm,
    responseOpening: z.string().max(2000),
  })
  .refine(
    ({ promptForm: form, judges }) =>
      form !== 'prefix' || judges.every((judge) => typeof judge === 'string' || judge.kind !== 'endpoint'),
    { path: ['judges'], error: "the paper's questions are about dialogues; judge stories by another judge" },
  );

const system = z.strictObject({
  tokens: summary,
  endedShare: z.number(),
  distinct2: z.number(),
  /** Null where the judge compares and does not score. */
  meanScore: z.number().nullable(),
  perplexityUnderBase: z.number(),
});

/** One judge's verdict; the first system is the aligned model, the second the base. */
export const judgement = z.strictObject({
  judge: z.string(),
  /** single-text: each response is read alone, so the order cannot matter. */
  orders: z.enum(['single-text', 'both', 'one-order']),
  n: count,
  winRate: z.number(),
  interval,
  wins: count,
  losses: count,
  ties: count,
  /** Answers that could not be read: each counts half for either system. */
  unparsable: count,
  /** What comparing in both orders shows of the judge itself; null unless both were asked. */
  positionBias: z.strictObject({ bias: z.number(), interval, consistency: z.number() }).nullable(),
  /** Requests to an endpoint that were answered; null where none is asked. */
  calls: count.nullable(),
  /** Requests that had to be repeated. */
  retries: count.nullable(),
  /** As the endpoint counted them; null where it does not say. */
  tokens: z.strictObject({ input: count, output: count }).nullable(),
  /** In the unit of the judge's price; null where it has none. */
  cost: z.number().nonnegative().nullable(),
  /** Win rate at equal lengths; null where lengths cannot be told from quality. */
  lengthControlled: z.strictObject({ rate: z.number(), interval }).nullable(),
  first: system,
  second: system,
  /** First / second. */
  ratios: z.strictObject({ length: z.number(), distinct2: z.number(), perplexity: z.number() }),
});

export const judgeResult = z.strictObject({ judgements: z.array(judgement).min(1) });

/** A line of `comparisons`. */
export const comparisonLine = z.object({
  judge: z.string().min(1).max(200),
  promptId: z.string().min(1).max(200),
  prompt: z.string(),
  first: z.string(),
  second: z.string(),
  /** Null where the judge compares and does not score. */
  firstScore: z.number().nullable(),
  secondScore: z.number().nullable(),
  /** The first system's share: 1 won, 0 lost, 0.5 tied or unreadable, the mean of two orders where both were asked. */
  share: z.number().min(0).max(1),
});
