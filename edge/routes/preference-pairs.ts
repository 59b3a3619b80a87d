/** Preference pairs. */
import type { preferencePairEndpoints } from '../../shared/api/preference-pairs.ts';
import { formatPreferenceJsonl } from '../../shared/dialogue/preference-jsonl.ts';
import { withoutGuards } from '../../shared/dialogue/turn-text.ts';
import { formatTrainerPairs } from '../../shared/export/trainer-pairs.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { listPairs, readAllPairs, type PairRow } from '../store/preference-pairs.ts';

/** A stream that reads only as fast as it is read. */
function toStream(
  chunks: AsyncGenerator<PairRow[]>,
  format: (pairs: readonly PairRow[]) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(format(value)));
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

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
      return new Response(request.method === 'HEAD' ? null : toStream(pairs, format), {
        headers: {
          'content-type': 'application/jsonl',
          'content-disposition': `attachment; filename="preference-pairs-${experimentId}.jsonl"`,
          'cache-control': 'private, no-cache',
        },
      });
    },
  };
}
