/** What decides which response of a pair is the better one, where neither made nor saw it: the lexicon, or people's judge. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../../shared/api/client.ts';
import type { QuestionOf } from '../../../shared/engine-questions.ts';
import { sentiment } from '../../../shared/judges/sentiment-judge.ts';
import type { GoldJudge, GoldPair } from '../../../shared/report/label-reports.ts';
import { askEngine } from '../../processes/ask-engine.ts';

/** It took no part in any training or labelling. */
export const LEXICON: GoldJudge = {
  name: 'sentiment',
  share({ chosen, rejected }) {
    return (1 + Math.sign(sentiment(chosen) - sentiment(rejected))) / 2;
  },
};

type Asked = Pick<QuestionOf<'agreement'>, 'source' | 'cache' | 'form'>;

/** Preference models as files that the engine reads, by their hashes. */
export async function fetchPreferenceModels(
  client: Client,
  cache: string,
  hashes: readonly string[],
): Promise<string[]> {
  const folder = join(cache, 'agreement');
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const sha256 of hashes) {
    const file = join(folder, sha256);
    const response = await client.downloadArtifact({ parameters: { sha256 } });
    await writeFile(file, new Uint8Array(await response.arrayBuffer()));
    files.push(file);
  }
  return files;
}

const keyOf = ({ prompt, chosen, rejected }: GoldPair) => JSON.stringify([prompt, chosen, rejected]);

/**
 * A preference model of people's pairs, which has read each of the pairs once.
 *
 * @param sha256 of the preference model
 * @param pairs all that it will be asked about
 */
export async function peoplesGold(
  client: Client,
  asked: Asked,
  sha256: string,
  pairs: readonly GoldPair[],
  signal: AbortSignal,
): Promise<GoldJudge> {
  const distinct = [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
  const preferenceModels = await fetchPreferenceModels(client, asked.cache, [sha256]);
  const compared = distinct.map(({ prompt, chosen, rejected }) => ({
    prompt,
    better: chosen,
    worse: rejected,
  }));
  const [shares = []] =
    compared.length === 0
      ? []
      : await askEngine('agreement', { ...asked, pairs: compared, preferenceModels }, signal);
  const known = new Map(distinct.map((pair, index) => [keyOf(pair), shares[index]]));
  return {
    name: "people's judge",
    share(pair) {
      const share = known.get(keyOf(pair));
      if (share === undefined) throw new Error("people's judge has not read a pair that it is asked about");
      return share;
    },
  };
}
