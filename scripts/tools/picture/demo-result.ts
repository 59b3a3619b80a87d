/** What the picture reads of a demo's result document. */
import { z } from 'zod';
import { interval } from '../../../shared/api/tasks/settings.ts';

const judgement = z.object({
  judge: z.string(),
  n: z.int(),
  winRate: z.number(),
  interval,
  lengthControlled: z.object({ rate: z.number(), interval }).nullable(),
});

const cell = { klCoefficient: z.number(), steps: z.int() };

const rlcd = z.object({
  method: z.literal('rlcd'),
  results: z.object({
    judge: z.tuple([z.object({ judgements: z.array(judgement).min(1) })]),
    select: z.tuple([
      z.object({
        chosen: z.object(cell),
        table: z.array(z.object({ ...cell, meanReward: z.number(), kl: z.number() })).min(1),
      }),
    ]),
  }),
});

export const demoResult = z.object({
  format: z.literal('rlcd-demo-1'),
  result: z.object({
    principle: z.string(),
    scale: z.string(),
    seed: z.int(),
    experiments: z.tuple([rlcd], z.unknown()),
  }),
});
