/** How often each method's preference model agrees with the judged pairs (the paper's table of reward-model accuracy). */
import { continuationTokens } from '../../../gpu-runner/algorithms/continuation-tokens.ts';
import { PreferenceModel } from '../../../gpu-runner/algorithms/preference-model/preference-model.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { decodeAdapterArtifact } from '../../../gpu-runner/tasks/adapter-artifact.ts';
import { batchSizes } from '../../../gpu-runner/tasks/batch-sizes.ts';
import type { Client } from '../../../shared/api/client.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { clusterMean } from '../../../shared/report/cluster-mean.ts';
import type { AgreementReport } from '../../../shared/report/document.ts';
import type { ExperimentEvidence } from '../../../shared/report/evidence.ts';
import { meanOf } from '../../../shared/report/match-ups.ts';
import type { JudgedPairs } from './judged-pairs.ts';

const STAGE = 'train-preference-model';
const OUTPUT = 'preference-model';

interface AgreementOptions {
  readonly client: Client;
  readonly model: Model;
  readonly form: PromptForm;
  readonly experiments: readonly ExperimentEvidence[];
  readonly judged: JudgedPairs;
  readonly signal: AbortSignal;
}

/** Nothing where there is no judged pair or no preference model. @throws AlgorithmInputError as the engine does */
export async function measureAgreement(options: AgreementOptions): Promise<AgreementReport[]> {
  const { client, model, form, experiments, judged, signal } = options;
  const texts = judged.rows.map(({ prompt, better, worse }) => {
    const { tokenizer } = model;
    const tokens = tokenizer.encode(prompt, { bos: tokenizer.startsWithBos });
    const side = (response: string) =>
      Int32Array.of(...tokens, ...continuationTokens(tokenizer, tokens, preferenceText(form, '', response)));
    return { better: side(better), worse: side(worse) };
  });
  const scored = [];
  for (const { method, seed, lineage } of experiments) {
    const output = lineage.find(({ stage }) => stage === STAGE)?.outputs.find(({ name }) => name === OUTPUT);
    if (output === undefined || texts.length === 0) continue;
    const response = await client.downloadArtifact({ parameters: { sha256: output.sha256 } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const right = await scorePairs(model, bytes, texts, signal);
    scored.push({ method, seed, right });
  }
  if (scored.length === 0) return [];
  const methods = [...Map.groupBy(scored, ({ method }) => method)].map(([method, own]) => ({
    method,
    accuracy: clusterMean(
      own.flatMap(({ right }) =>
        right.map((value, row) => ({ promptId: judged.rows[row]?.promptId ?? '', value })),
      ),
    ),
    perSeed: own.map(({ seed, right }) => ({ seed, value: meanOf(right) })),
  }));
  return [{ pairs: judged.pairs, gold: judged.gold, n: judged.rows.length, methods }];
}

/** 1, 0.5 or 0 for each pair: does the model score the better response higher? */
async function scorePairs(
  model: Model,
  bytes: Uint8Array,
  texts: readonly { readonly better: Int32Array; readonly worse: Int32Array }[],
  signal: AbortSignal,
): Promise<number[]> {
  const { rank, alpha, vector } = await decodeAdapterArtifact(bytes, model.architecture, OUTPUT);
  const preferences = await PreferenceModel.open(model, {
    rank,
    alpha,
    vector,
    maximumTime: Math.max(...texts.flatMap(({ better, worse }) => [better.length, worse.length])),
    microbatchRows: batchSizes(model).scoreRows,
  });
  try {
    const better = await preferences.score(
      texts.map((pair) => pair.better),
      signal,
    );
    const worse = await preferences.score(
      texts.map((pair) => pair.worse),
      signal,
    );
    return texts.map(
      (_, row) => (1 + Math.sign((better[row] ?? Number.NaN) - (worse[row] ?? Number.NaN))) / 2,
    );
  } finally {
    await preferences.close();
  }
}
