/** The report of a comparison as a document: what every renderer shows, and what is kept. */
import { z } from 'zod';
import { count, interval, summary } from '../api/tasks/settings.ts';

const seed = z.int().nonnegative();
const share = z.number().min(0).max(1);

/** A share, difference or mean with its interval. */
const estimate = z.strictObject({ value: z.number(), interval });
export type Estimate = z.infer<typeof estimate>;

const seedValue = z.strictObject({ seed, value: z.number() });

const system = z.strictObject({
  system: z.string(),
  seeds: z.array(seed),
  /** Responses of all seeds. */
  responses: count,
  tokens: summary,
  words: summary,
  /** Dist-1, Dist-2 and Dist-3, each the mean over seeds: Dist falls with the amount of text. */
  distinct: z.tuple([z.number(), z.number(), z.number()]),
  perplexityUnderBase: z.number(),
  endedShare: share,
});
export type SystemReport = z.infer<typeof system>;

const matchUp = z.strictObject({
  first: z.string(),
  second: z.string(),
  /** Pairs of responses: prompts times seeds that both systems answered. */
  n: count,
  wins: count,
  losses: count,
  ties: count,
  /** Share won by the first, ties as halves; the interval resamples prompts. */
  rate: estimate,
  /**
   * That the two are the same, by flipping the signs of whole prompts; adjusted by Holm for all pairs of the judge. Null in
   * reports of before it was computed.
   */
  adjustedP: share.nullable().default(null),
  perSeed: z.array(seedValue),
  /** Rate at equal lengths; null where lengths cannot be told from quality. */
  lengthControlled: estimate.nullable(),
  /**
   * Against the base, where the judge was examined: what people would say if it errs here as often as in its exam. Not
   * explained: a judge that errs so often could not be so sure, so it errs otherwise here.
   */
  corrected: z.strictObject({ rate: estimate, isExplained: z.boolean() }).optional(),
  /** Against the base, where people labelled enough of these pairs: what they and the judge say together. */
  people: z
    .strictObject({
      labelled: count,
      /** How often the judge says the same, ties for half. */
      agreement: estimate,
      /** How far the judge is followed where people said nothing. */
      weight: share,
      rate: estimate,
    })
    .optional(),
});
export type MatchUp = z.infer<typeof matchUp>;

/** How a judge that compares judged one system against the base, seeds together: what a win rate by it rests on. */
const conduct = z.strictObject({
  system: z.string(),
  orders: z.enum(['both', 'one-order']),
  /** Answers that could not be read; each counts half. */
  unparsable: count,
  /** How often the place shown first wins, less a half, and how often both orders agree; null for one order. */
  positionBias: z.number().nullable(),
  consistency: share.nullable(),
  calls: count.nullable(),
  /** In the unit of the judge's price; null where it has none. */
  cost: z.number().nonnegative().nullable(),
});
export type JudgeConduct = z.infer<typeof conduct>;

/** What a judge is worth on pairs that people judged: the result of its exam, as far as a reader of win rates needs it. */
const exam = z.strictObject({
  n: count,
  /** Pairs on which it agrees with people, ties for half. */
  agreed: z.number().nonnegative(),
  ties: count,
  /** As many independent pairs without a tie would leave the accuracy as uncertain. */
  effectivePairs: z.number().positive(),
  accuracy: estimate,
  /** What preferring the longer response would reach. */
  lengthOnlyAccuracy: estimate,
  /** Where both responses are equally long; null where lengths cannot be told from quality. */
  atEqualLength: estimate.nullable(),
  /** Null for a judge that gives verdicts alone. */
  brier: z.number().nullable(),
  expectedCalibrationError: z.number().nullable(),
  /** How often the place shown first wins, less a half, and how often both orders agree; null unless both were asked. */
  positionBias: z.number().nullable(),
  consistency: share.nullable(),
});
export type ExamReport = z.infer<typeof exam>;

const judgeReport = z.strictObject({
  judge: z.string(),
  /** Absent where nobody examined it. */
  exam: exam.optional(),
  /** Empty for a judge that reads one text at a time: no order can matter to it, and it costs nothing. */
  conduct: z.array(conduct),
  /** Every pair of systems once. */
  matchUps: z.array(matchUp),
  /** Mean score of each system; empty for a judge that only compares. */
  scores: z.array(z.strictObject({ system: z.string(), score: estimate })),
  /** Bradley-Terry strengths, the strongest first; null where they are not finite. */
  ranking: z
    .array(
      z.strictObject({
        system: z.string(),
        strength: estimate,
        meanWinRate: share,
        /** Letters; two systems share one where their adjusted p is 0.05 or more. Null as `adjustedP`. */
        groups: z.string().nullable().default(null),
      }),
    )
    .nullable(),
});
export type JudgeReport = z.infer<typeof judgeReport>;

const labels = z.strictObject({
  method: z.string(),
  /** Methods that learn from the same pairs, by hash; beside `method` itself. */
  sameAs: z.array(z.string()),
  /** What decides which response is the better one. */
  gold: z.string(),
  pairs: count,
  /** Share of pairs whose label names the response that the gold judge scores higher; ties half. */
  accuracy: estimate,
  perSeed: z.array(seedValue),
  /** Mean of |2 p - 1|: 1 for hard labels, 0 for labels that say nothing. */
  meanConfidence: share,
  /** Share of pairs in which the preferred response has more words; ties half. */
  preferredIsLonger: share,
  /** Mean words of the preferred response minus those of the other. */
  meanLengthGap: z.number(),
});
export type LabelReport = z.infer<typeof labels>;

const preferenceModel = z.strictObject({
  method: z.string(),
  seed,
  heldOut: z.strictObject({
    n: count,
    accuracy: estimate,
    /** What length alone would reach; null in results of before it was measured. */
    lengthOnlyAccuracy: share.nullable().default(null),
    brier: z.number(),
    expectedCalibrationError: z.number(),
  }),
});
export type PreferenceModelReport = z.infer<typeof preferenceModel>;

/** Preference models of several methods on one set of labelled pairs that none was trained on. */
const agreement = z.strictObject({
  /** Which pairs, and who labelled them. */
  pairs: z.string(),
  gold: z.string(),
  n: count,
  methods: z.array(z.strictObject({ method: z.string(), accuracy: estimate, perSeed: z.array(seedValue) })),
});
export type AgreementReport = z.infer<typeof agreement>;

const gridCell = z.strictObject({
  klCoefficient: z.number(),
  steps: count,
  /** Means over seeds, on dev prompts; each seed's reward has a scale of its own. */
  reward: z.number(),
  kl: z.number(),
  tokens: z.number(),
  perSeed: z.array(
    z.strictObject({
      seed,
      reward: z.number(),
      interval,
      kl: z.number(),
      /** Of the base model's own Dist-2. */
      distinct2: z.number(),
      chosen: z.boolean(),
    }),
  ),
});
const grid = z.strictObject({ method: z.string(), cells: z.array(gridCell).min(1) });
export type GridReport = z.infer<typeof grid>;

const frontierPoint = z.strictObject({
  strength: z.number(),
  /** Nats a response. */
  kl: estimate,
  winRate: estimate,
  /** Rate at equal lengths; null where lengths cannot be told from quality. */
  lengthControlled: estimate.nullable(),
  /** Mean of a response. */
  tokens: z.number(),
  endedShare: share,
  /** Of the base model's own Dist-2. */
  distinct2: z.number(),
});

/** All methods at one distance from the base. */
const frontierLevel = z.strictObject({
  kl: estimate,
  /** Linear between the points of each seed, then the mean over seeds; the best of the first level first. */
  rates: z.array(z.strictObject({ method: z.string(), rate: estimate, perSeed: z.array(seedValue) })),
});

/** Win rates against the base by one judge, by how far the adapter at several strengths is from the base. */
const frontier = z.strictObject({
  judge: z.string(),
  curves: z.array(z.strictObject({ method: z.string(), seed, points: z.array(frontierPoint).min(1) })),
  /** Null where no method has moved away from the base, or no prompt was answered by all. */
  matched: z
    .strictObject({
      prompts: count,
      /** Methods of which a seed has no point above 0 nats. */
      stayed: z.array(z.string()),
      /** The others, the best first; methods share a letter that are not told apart at the first level. */
      methods: z.array(z.strictObject({ method: z.string(), groups: z.string(), reach: z.number() })),
      /** The largest KL that all of them reach, and half of it. */
      levels: z.array(frontierLevel).min(1),
      /** At the first level; p adjusted by Holm for all pairs. */
      differences: z.array(
        z.strictObject({ first: z.string(), second: z.string(), difference: estimate, adjustedP: share }),
      ),
    })
    .nullable(),
});
export type FrontierReport = z.infer<typeof frontier>;

const policyAt = z.strictObject({ steps: count, winRate: share });

/** What the alarm did in some runs, and the median share of the best gain that is kept; null where none gained. */
const alarmIn = z.strictObject({
  runs: count,
  raised: count,
  /** Wilson's; null where there is no run. */
  interval: interval.nullable(),
  kept: z.strictObject({ byAlarm: z.number().nullable(), byLastStep: z.number().nullable() }),
});

/** Runs of PPO by one judge that no reward knows. */
const trajectory = z.strictObject({
  judge: z.string(),
  runs: z.array(
    z.strictObject({
      method: z.string(),
      seed,
      klCoefficient: z.number(),
      /** By steps. */
      points: z
        .array(
          z.strictObject({
            steps: count,
            /** Nats a response. */
            kl: estimate,
            winRate: estimate,
            tokens: z.number(),
            /** Of the base model's own Dist-2. */
            distinct2: z.number(),
          }),
        )
        .min(1),
      best: policyAt,
      last: policyAt,
      p: share,
      /** Null where it is not told that it fell. */
      fellBy: count.nullable(),
      alarm: z.strictObject({ raisedAt: count.nullable(), chosenSteps: count, winRate: share }),
    }),
  ),
  alarm: z.strictObject({
    fallen: alarmIn,
    held: alarmIn,
    /** Steps from the alarm to the fall, in runs that have both. */
    lead: z
      .strictObject({ n: count, minimum: z.number(), median: z.number(), maximum: z.number() })
      .nullable(),
  }),
});
export type TrajectoryReport = z.infer<typeof trajectory>;

/** What the over-optimisation alarm saw of one run of PPO. */
const alarm = z.strictObject({
  method: z.string(),
  seed,
  klCoefficient: z.number(),
  raised: z.strictObject({ step: count, signals: z.array(z.string()), message: z.string() }).nullable(),
  /** Steps after which the alarm would keep the policy. */
  chosenSteps: count,
});
export type AlarmReport = z.infer<typeof alarm>;

const verdict = z.enum(['found', 'contrary', 'undecided']);

const claim = z.strictObject({
  /** In words. */
  claim: z.string(),
  /** What the number is. */
  quantity: z.string(),
  estimate,
  /** The value that it must exceed. */
  threshold: z.number(),
  /** The same quantity of each training seed alone: the interval does not hold how training runs differ. */
  perSeed: z.array(seedValue),
  /** found: the interval lies above the threshold; contrary: below it; undecided: around it. */
  verdict,
  /** Of other training runs than these, by Student's interval of the seeds; null with one, and in reports of before. */
  overRuns: z.strictObject({ interval, verdict }).nullable().default(null),
});
export type ClaimReport = z.infer<typeof claim>;

const sample = z.strictObject({
  prompt: z.string(),
  responses: z.array(z.strictObject({ system: z.string(), text: z.string() })),
});

const lineageTask = z.strictObject({
  method: z.string(),
  seed,
  stage: z.string(),
  shard: count,
  key: z.string(),
  engineVersion: z.string(),
  inputs: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
  outputs: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
});

/** What the comparison ran with; it comes from whoever asked for it. */
const setting = z.strictObject({
  title: z.string(),
  /** The exact command that makes this report again. */
  command: z.string(),
  scale: z.string(),
  principle: z.strictObject({ name: z.string(), version: z.int() }),
  model: z.strictObject({ name: z.string(), weightsSha256: z.string(), parameterCount: count }),
  /** What wrote and labelled the pairs; absent where the model did it itself. */
  simulator: z.string().optional(),
  prompts: z.strictObject({ contentSha256: z.string(), train: count, dev: count, test: count }),
  hyperparameters: z.record(z.string(), z.unknown()),
  /** What a method took over them; absent where none did. */
  ofMethod: z.record(z.string(), z.unknown()).optional(),
  /** Pairs of people that taught the first judge; absent where none was trained. */
  judgePairs: z.strictObject({ contentSha256: z.string(), trained: count }).optional(),
  createdAt: z.iso.datetime(),
  machine: z.string(),
});
export type ReportSetting = z.infer<typeof setting>;

/** Two judges on pairs of the base's own answers. */
const judgeAgreement = z.strictObject({
  first: z.string(),
  second: z.string(),
  /** Pairs of answers to one prompt, with two seeds. */
  n: count,
  /** Share that both put in the same order, ties as halves; one half is chance. */
  sameOrder: estimate,
});
export type JudgeAgreement = z.infer<typeof judgeAgreement>;

export const reportDocument = z.strictObject({
  format: z.literal('rlcd-report-1'),
  setting,
  seeds: z.array(seed).min(1),
  systems: z.array(system).min(1),
  judges: z.array(judgeReport),
  /** Empty with one judge or one seed, and in reports of before it was measured. */
  judgeAgreements: z.array(judgeAgreement).default([]),
  /** By judge; empty in reports of before there were frontiers, and where nobody asked for them. */
  frontiers: z.array(frontier).default([]),
  /** The same of the policies that PPO kept. */
  trajectories: z.array(trajectory).default([]),
  labels: z.array(labels),
  preferenceModels: z.array(preferenceModel),
  agreement: z.array(agreement),
  grids: z.array(grid),
  alarms: z.array(alarm),
  claims: z.array(claim),
  /** The first test prompts by position: nobody chose them by what came out. */
  samples: z.array(sample),
  cost: z.strictObject({
    runnerSeconds: z.number(),
    tasks: count,
    /** Tasks that several experiments asked for and that were done once. */
    sharedTasks: count,
  }),
  lineage: z.array(lineageTask),
});
export type ReportDocument = z.infer<typeof reportDocument>;
