/** How often each method's preference model agrees with the judged pairs (the paper's table of reward-model accuracy). */
import type { Client } from '../../../shared/api/client.ts';
import type { QuestionOf } from '../../../shared/engine-questions.ts';
import { clusterMean } from '../../../shared/report/cluster-mean.ts';
import type { AgreementReport } from '../../../shared/report/document.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { meanOf } from '../../../shared/report/match-ups.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { fetchPreferenceModels } from './gold.ts';
import type { JudgedPairs } from './judged-pairs.ts';

const STAGE = 'train-preference-model';
const OUTPUT = 'preference-model';

interface AgreementOptions extends Pick<QuestionOf<'agreement'>, 'source' | 'cache' | 'form'> {
  readonly client: Client;
  readonly experiments: readonly ExperimentEvidence[];
  readonly judged: JudgedPairs;
  readonly signal: AbortSignal;
}

/** Nothing where there is no judged pair or no preference model. */
export async function measureAgreement(options: AgreementOptions): Promise<AgreementReport[]> {
  const { client, source, cache, form, experiments, judged, signal } = options;
  const trained = experiments.flatMap(({ method, seed, lineage }) => {
    const stage = lineage.find((one) => one.stage === STAGE);
    const output = stage?.outputs.find(({ name }) => name === OUTPUT);
    return output === undefined ? [] : [{ method, seed, sha256: output.sha256 }];
  });
  if (judged.rows.length === 0 || trained.length === 0) return [];
  const hashes = trained.map(({ sha256 }) => sha256);
  const preferenceModels = await fetchPreferenceModels(client, cache, hashes);
  const pairs = judged.rows.map(({ prompt, better, worse }) => ({ prompt, better, worse }));
  const right = await askEngine('agreement', { source, cache, form, pairs, preferenceModels }, signal);
  const scored = trained.map(({ method, seed }, index) => ({ method, seed, right: right[index] ?? [] }));
  const methods = [...Map.groupBy(scored, ({ method }) => method)].map(([method, own]) => ({
    method,
    accuracy: clusterMean(
      own.flatMap((one) =>
        one.right.map((value, row) => ({ promptId: judged.rows[row]?.promptId ?? '', value })),
      ),
    ),
    perSeed: own.map(({ seed, right }) => ({ seed, value: meanOf(right) })),
  }));
  return [{ pairs: judged.pairs, gold: judged.gold, n: judged.rows.length, methods }];
}
