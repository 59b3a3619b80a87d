/** Lengths, diversity and perplexity of every system's responses: what a win rate can hide. */
import { summarise } from '../statistics/summary.ts';
import { distinct123 } from '../text/distinct-n.ts';
import { words } from '../text/words.ts';
import type { SystemReport } from './document.ts';
import { ReportError, type ExperimentEvidence } from './evidence.ts';
import { meanOf } from './match-ups.ts';

/** One report a system, all seeds together; Dist-n by seed, then averaged. */
export function systemReports(experiments: readonly ExperimentEvidence[]): SystemReport[] {
  return [...Map.groupBy(experiments, ({ method }) => method)].map(([system, own]) => {
    const rows = own.flatMap(({ completions }) => completions);
    if (rows.length === 0) throw new ReportError(`${system} has no response to a test prompt`);
    const texts = own.map(({ completions }) => completions.map(({ completion }) => words(completion)));
    const distinct = texts.map((ofSeed) => distinct123(ofSeed));
    const mean = (n: 0 | 1 | 2) => meanOf(distinct.map((of) => of[n]));
    const nats = rows.reduce((sum, { baseLogProbability }) => sum - baseLogProbability, 0);
    const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
    return {
      system,
      seeds: own.map(({ seed }) => seed),
      responses: rows.length,
      tokens: summarise(rows.map((row) => row.tokens)),
      words: summarise(texts.flat().map((text) => text.length)),
      distinct: [mean(0), mean(1), mean(2)],
      perplexityUnderBase: Math.exp(nats / tokens),
      endedShare: rows.filter(({ ended }) => ended).length / rows.length,
    };
  });
}
