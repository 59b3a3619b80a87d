/** Preference pairs. */
import type { preferencePairEndpoints } from '../../shared/api/preference-pairs.ts';
import { formatPreferenceJsonl } from '../../shared/dialogue/preference-jsonl.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { listPairs, readAllPairs, type PairRow } from '../store/preference-pairs.ts';

/** A stream that reads only as fast as it is read. */
function toStream(chunks: AsyncGenerator<PairRow[]>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(formatPreferenceJsonl(value)));
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
      const pairs = await readAllPairs(database, experimentId, query);
      return new Response(request.method === 'HEAD' ? null : toStream(pairs), {
        headers: {
          'content-type': 'application/jsonl',
          'content-disposition': `attachment; filename="preference-pairs-${experimentId}.jsonl"`,
          'cache-control': 'private, no-cache',
        },
      });
    },
  };
}
