/** Preference pairs. */
import type { preferencePairEndpoints } from '../../shared/api/preference-pairs.ts';
import { formatPreferenceJsonl } from '../../shared/dialogue/preference-jsonl.ts';
import { withoutGuards } from '../../shared/dialogue/turn-text.ts';
import { formatTrainerPairs } from '../../shared/export/trainer-pairs.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { linesOf } from '../http/json-lines.ts';
import { listPairs, readAllPairs, type PairRow } from '../store/preference-pairs.ts';

export function preferencePairHandlers({ database }: Dependencies): Handlers<typeof preferencePairEndpoints> {
  return {
    async listPreferencePairs({ parameters, query }) {
      return { body: await listPairs(database, parameters.experimentId, query) };
    },
    async exportPreferencePairs({ parameters, query }, { request }) {
      const { experimentId } = parameters;
      const { form, ...filters } = query;
      const pairs = await readAllPairs(database, experimentId, filters);
      const format = (rows: readonly PairRow[]) =>
        form === undefined
          ? formatPreferenceJsonl(rows.map((row) => ({ ...row, prompt: withoutGuards(row.prompt) })))
          : formatTrainerPairs(form, rows);
      return new Response(request.method === 'HEAD' ? null : linesOf(pairs, format), {
        headers: {
          'content-type': 'application/jsonl',
          'content-disposition': `attachment; filename="preference-pairs-${experimentId}.jsonl"`,
          'cache-control': 'private, no-cache',
        },
      });
    },
  };
}
