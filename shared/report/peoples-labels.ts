/** What people said of a comparison's own answers, on the label page: a judge beside the others, and what makes the others' rates sure. */
import type { Client } from '../api/client.ts';
import { predictionPowered } from '../statistics/prediction-powered.ts';
import { clusterMean } from './cluster-mean.ts';
import type { JudgeReport, MatchUp } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { BASE } from './match-ups.ts';

/** The name under which people's labels stand among the judges. */
const PEOPLE = 'people';

/** Fewer labels say too little of a judge. */
const LEAST_LABELLED = 30;

type Rows = ExperimentEvidence['comparisons'];

const SHARES = { first: 1, second: 0, tie: 0.5 } as const;

/** A row for each pair that somebody labelled, by the majority of those who did; a skipped pair says nothing. */
export async function peoplesRows(client: Client, experimentId: string): Promise<Rows> {
  const said = new Map<string, number[]>();
  let cursor: string | undefined;
  do {
    const query = { source: 'human' as const, limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page = await client.listComparisons({ parameters: { experimentId }, query });
    for (const { promptId, outcome } of page.items) {
      if (outcome === 'skipped') continue;
      said.set(promptId, [...(said.get(promptId) ?? []), SHARES[outcome]]);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return [...said].map(([promptId, shares]) => {
    const leaning = Math.sign(shares.reduce((sum, share) => sum + share - 0.5, 0));
    return { judge: PEOPLE, promptId, firstScore: null, secondScore: null, share: (1 + leaning) / 2 };
  });
}

/** Every match-up against the base with what people and the judge say together; as it is where people labelled too few. */
export function withPeople(
  matchUps: readonly MatchUp[],
  experiments: readonly ExperimentEvidence[],
  judge: string,
): JudgeReport['matchUps'] {
  if (judge === PEOPLE) return [...matchUps];
  return matchUps.map((matchUp) => {
    if (matchUp.second !== BASE) return matchUp;
    const rows = experiments
      .filter(({ method }) => method === matchUp.first)
      .flatMap(({ comparisons }) => judgedRows(comparisons, judge));
    const labelled = rows.filter((row) => row.labelled !== null);
    if (labelled.length < LEAST_LABELLED) return matchUp;
    const { mean, interval, weight } = predictionPowered(rows);
    const agreement = clusterMean(
      labelled.map(({ cluster, judged, labelled: people }) => {
        return { promptId: cluster, value: 1 - Math.abs(judged - (people ?? judged)) };
      }),
    );
    const people = { labelled: labelled.length, agreement, weight, rate: { value: mean, interval } };
    return Object.assign({}, matchUp, { people });
  });
}

function judgedRows(comparisons: Rows, judge: string) {
  const labels = new Map(
    comparisons.flatMap((row) => (row.judge === PEOPLE ? [[row.promptId, row.share] as const] : [])),
  );
  return comparisons
    .filter((row) => row.judge === judge)
    .map(({ promptId, share }) => ({
      cluster: promptId,
      judged: share,
      labelled: labels.get(promptId) ?? null,
    }));
}
