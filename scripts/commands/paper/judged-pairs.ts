/** Pairs on which preference models are compared: what people preferred, or what a judge says of the base's responses. */
import type { Client } from '../../../shared/api/client.ts';
import type { Split } from '../../../shared/api/words.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import type { GoldJudge, GoldPair } from '../../../shared/report/label-reports.ts';
import { BASE } from '../../../shared/report/match-ups.ts';

interface JudgedPair {
  readonly promptId: string;
  readonly prompt: string;
  readonly better: string;
  readonly worse: string;
}

export interface JudgedPairs {
  /** Which pairs they are, in words. */
  readonly pairs: string;
  readonly gold: string;
  readonly rows: readonly JudgedPair[];
}

/** The first pairs of a split of the prompt set that people labelled; none where it has no labels. */
export async function humanJudged(
  client: Client,
  promptSetId: string,
  split: Split,
  limit: number,
): Promise<JudgedPairs> {
  const rows: JudgedPair[] = [];
  let cursor: string | undefined;
  do {
    const query = { split, limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page = await client.listPrompts({ parameters: { promptSetId }, query });
    for (const { id, prompt, chosen, rejected } of page.items) {
      if (chosen !== null && rejected !== null)
        rows.push({ promptId: id, prompt, better: chosen, worse: rejected });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && rows.length < limit);
  return { pairs: `pairs of the ${split} split`, gold: 'human labels', rows: rows.slice(0, limit) };
}

type BasePair = GoldPair & { readonly promptId: string };

/**
 * Two responses of the base model to the same test prompt, with seeds that follow each other. None where there is one seed
 * alone.
 */
export function basePairs(experiments: readonly ExperimentEvidence[], limit: number): BasePair[] {
  const bases = experiments.filter(({ method }) => method === BASE);
  const pairs = bases.slice(1).flatMap(({ completions }, index) => {
    const others = new Map(bases[index]?.completions.map((row) => [row.promptId, row.completion]));
    return completions.flatMap(({ promptId, prompt, completion }) => {
      const rejected = others.get(promptId);
      return rejected === undefined ? [] : [{ promptId, prompt, chosen: completion, rejected }];
    });
  });
  return pairs.slice(0, limit);
}

/** What the judge says of them; those that it finds equal are left out. */
export function baseJudged(pairs: readonly BasePair[], gold: GoldJudge): JudgedPairs {
  const rows = pairs.flatMap((pair) => {
    const share = gold.share(pair);
    if (share === 0.5) return [];
    const { promptId, prompt, chosen, rejected } = pair;
    const [better, worse] = share > 0.5 ? [chosen, rejected] : [rejected, chosen];
    return [{ promptId, prompt, better, worse }];
  });
  return { pairs: 'pairs of base responses to test prompts', gold: gold.name, rows };
}
