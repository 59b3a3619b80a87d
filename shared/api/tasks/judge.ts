/** Judge: the aligned model against the base on the same prompts, by judges that no training step saw. */
import { z } from 'zod';
import { serverAddress, tokenPrice } from '../served-model.ts';
import { sha256 } from '../sha256.ts';
import { count, interval, promptForm, summary } from './settings.ts';

const shortText = z.string().min(1).max(200);

/** A text classifier in a folder on the runner's machine, as Hugging Face pipelines open it (ONNX weights). */
const classifier = z
  .strictObject({
    kind: z.literal('classifier').describe('A text classifier'),
    folder: z
      .string()
      .min(1)
      .max(1000)
      .describe("Folder on the runner's machine, as Hugging Face pipelines open it (ONNX weights)"),
    label: shortText.describe(
      "Whose probability is a response's score, as the classifier's configuration spells it",
    ),
  })
  .meta({ id: 'ClassifierJudge', description: "A text classifier in a folder on the runner's machine" });

const question = z
  .enum(['harmless', 'harmlessHelpful', 'helpful', 'outline'])
  .describe("Which of the paper's questions is asked");

/** A chat model behind an OpenAI-compatible server, asked with the paper's prompts; the runner alone knows the key. */
const endpoint = z
  .strictObject({
    kind: z.literal('endpoint').describe('A chat model behind a server'),
    url: serverAddress
      .optional()
      .describe(
        'Of a server that the runner allows (RLCD_SERVED_HOSTS); left out, the one that it was started ' +
          'with (RLCD_JUDGE_URL)',
      ),
    model: shortText.describe("The model's name at the server"),
    question,
    orders: z
      .enum(['both', 'one-order'])
      .default('both')
      .describe('Both orders, averaged; `one-order` draws one for each pair, parity with the paper'),
    maximumTokens: z.int().min(1).max(8192).default(256).describe('Of the answer'),
    price: tokenPrice.nullable().default(null).describe('Null where the cost is not counted'),
  })
  .meta({ id: 'EndpointJudge', description: 'A chat model behind an OpenAI-compatible server' });
export type EndpointJudge = z.output<typeof endpoint>;

/** The experiment's own base model, without an adapter: how likely it finds (A) and (B) as the answer. */
const likelihood = z
  .strictObject({
    kind: z.literal('likelihood').describe("The experiment's base model, by the likelihood of its answer"),
    question,
  })
  .meta({
    id: 'LikelihoodJudge',
    description: "The experiment's base model without an adapter, by how likely it finds either answer",
  });
export type LikelihoodJudge = z.output<typeof likelihood>;

/** VADER's lexicon. */
const sentiment = z.literal('sentiment');

/** A preference model on the experiment's base model, by the SHA-256 of its artifact; one that trained none of it. */
const preferenceModel = <Artifact extends z.ZodType>(artifact: Artifact) =>
  z.strictObject({
    kind: z.literal('preference-model').describe('A preference model that trained none of this experiment'),
    artifact: artifact.describe('The preference model, by its SHA-256'),
  });

const judgeOf = <Artifact extends z.ZodType>(artifact: Artifact) =>
  z.union([
    sentiment,
    z.discriminatedUnion('kind', [preferenceModel(artifact), classifier, endpoint, likelihood]),
  ]);

/** A judge as a task gets it. */
const taskJudge = judgeOf(
  z.strictObject({
    sha256: sha256.describe('SHA-256 of the bytes, 64 hexadecimal digits in lower case'),
    bytes: count.describe('Size in bytes'),
  }),
);
export type TaskJudge = z.output<typeof taskJudge>;

/** The name under which a judge's comparisons are kept: unlike judges have unlike names. */
export function judgeName(judge: TaskJudge | z.output<typeof experimentJudge>): string {
  if (typeof judge === 'string') return judge;
  if (judge.kind === 'endpoint') return `${judge.model}-${judge.question}`;
  if (judge.kind === 'likelihood') return `likelihood-${judge.question}`;
  if (judge.kind === 'classifier') return `classifier-${judge.label}-${judge.folder}`.slice(0, 200);
  const { artifact } = judge;
  return `preference-model-${(typeof artifact === 'string' ? artifact : artifact.sha256).slice(0, 12)}`;
}

const judgesOf = <Judge extends z.ZodType<TaskJudge | z.output<typeof experimentJudge>>>(judge: Judge) =>
  z
    .array(judge)
    .min(1)
    .max(8)
    .refine((judges) => new Set(judges.map(judgeName)).size === judges.length, {
      error: 'must not repeat a judge',
    })
    .describe('The judges; none may have trained anything that it judges');

const experimentJudge = judgeOf(sha256);

/** The judges of a task. */
export const taskJudges = judgesOf(taskJudge);

export const judgeHyperparameters = z.strictObject({ judges: judgesOf(experimentJudge) });

export const JUDGE_DEFAULTS: z.output<typeof judgeHyperparameters> = { judges: ['sentiment'] };

/** What a task that judges knows of its judges. */
export const judgingFields = {
  judges: taskJudges,
  promptForm: promptForm.describe('In which form the model is asked'),
};

/** Judges that ask one of the paper's questions. */
const ASKING: ReadonlySet<string> = new Set<Exclude<TaskJudge, string>['kind']>(['endpoint', 'likelihood']);

/** Stories have no conversation that a question could be about. */
export const asksAboutDialogues = {
  check: ({ promptForm: form, judges }: z.output<z.ZodObject<typeof judgingFields>>) =>
    form !== 'prefix' || judges.every((judge) => typeof judge === 'string' || !ASKING.has(judge.kind)),
  fault: {
    path: ['judges'],
    error: "the paper's questions are about dialogues; judge stories by another judge",
  },
};

/**
 * Inputs: `completions-0000`, ... and `base-completions-0000`, ..., and `judge-<SHA-256>` for each preference model.
 * Output: `comparisons`.
 */
export const judgeParameters = z
  .strictObject({
    ...judgingFields,
    responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
  })
  .refine(asksAboutDialogues.check, asksAboutDialogues.fault);

const system = z.strictObject({
  tokens: summary,
  endedShare: z.number().describe('Share of the responses that the model ended itself'),
  distinct2: z.number().describe('Dist-2: different pairs of neighbouring tokens over all of them'),
  englishWords: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe('Share of the words that an English dictionary knows; null where there are none'),
  meanScore: z.number().nullable().describe('Null where the judge compares and does not score'),
  perplexityUnderBase: z
    .number()
    .describe('exp of the mean negative log-probability a token under the base model'),
});

export const orders = z
  .enum(['single-text', 'both', 'one-order'])
  .describe('single-text: each response is read alone, so the order cannot matter');
export const unparsable = count.describe(
  'Answers that could not be read: each counts half for either system',
);

/** What else is told of a judge, whatever it judged. */
export const conductFields = {
  positionBias: z
    .strictObject({
      bias: z.number().describe('How much more often the response shown first won, over a half'),
      interval,
      consistency: z.number().describe('Share of pairs with the same winner in both orders'),
    })
    .nullable()
    .describe('What comparing in both orders shows of the judge itself; null unless both were asked'),
  calls: count.nullable().describe('Requests to an endpoint that were answered; null where none is asked'),
  retries: count.nullable().describe('Requests that had to be repeated'),
  tokens: z
    .strictObject({
      input: count.describe('Tokens that were read'),
      output: count.describe('Tokens that were written'),
    })
    .nullable()
    .describe('As the endpoint counted them; null where it does not say'),
  cost: z
    .number()
    .nonnegative()
    .nullable()
    .describe("In the unit of the judge's price; null where it has none"),
};

/** One judge's verdict; the first system is the aligned model, the second the base. */
export const judgement = z
  .strictObject({
    judge: z.string().describe("The judge's name"),
    orders,
    n: count.describe('Prompts that were compared'),
    winRate: z.number().describe("The first system's share of the comparisons, ties for half"),
    interval,
    wins: count.describe('Comparisons that the first system won'),
    losses: count.describe('Comparisons that the second system won'),
    ties: count.describe('Comparisons without a winner'),
    unparsable,
    ...conductFields,
    lengthControlled: z
      .strictObject({ rate: z.number().describe('The win rate at equal lengths'), interval })
      .nullable()
      .describe('Win rate at equal lengths; null where lengths cannot be told from quality'),
    first: system.describe('The aligned model'),
    second: system.describe('The base model'),
    ratios: z
      .strictObject({
        length: z.number().describe('Of the mean lengths'),
        distinct2: z.number().describe('Of Dist-2'),
        perplexity: z.number().describe('Of the perplexities under the base'),
      })
      .describe('First / second'),
  })
  .meta({
    id: 'Judgement',
    description: "One judge's verdict; the first system is the aligned model, the second the base",
  });

export const judgeResult = z.strictObject({
  judgements: z.array(judgement).min(1).describe('One for each judge, in the order asked for'),
});

/** A line of `comparisons`. */
export const comparisonLine = z.object({
  judge: z.string().min(1).max(200).describe("The judge's name"),
  promptId: z
    .string()
    .min(1)
    .max(200)
    .describe("The prompt's id: the number of its row in the upload, from 0"),
  prompt: z.string().describe('The prompt'),
  first: z.string().describe("The aligned model's response"),
  second: z.string().describe("The base model's response"),
  firstScore: z.number().nullable().describe('Null where the judge compares and does not score'),
  secondScore: z
    .number()
    .nullable()
    .describe("Score of the base model's response; null where the judge compares and does not score"),
  share: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "The first system's share: 1 won, 0 lost, 0.5 tied or unreadable, the mean of two orders where " +
        'both were asked; by likelihood, of the mean probability of both',
    ),
});
