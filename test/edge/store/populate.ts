/**
 * Fills a store with rows behind every path of the contract, and says what to write into the
 * paths; two rows in each list, so that it has a second page. A new resource adds what its paths need.
 */
import type { Harness } from '../harness.ts';
import { KINDNESS } from '../conformance/principles.ts';

/** Path parameter name -> a value that exists. */
export async function populate({ clients }: Harness): Promise<Record<string, string>> {
  const parameters = { principleName: 'kind-stories' };
  await clients.client.createPrincipleVersion({ parameters, body: KINDNESS });
  await clients.client.createPrincipleVersion({ parameters, body: KINDNESS });
  await clients.client.createPrincipleVersion({ parameters: { principleName: 'calm' }, body: KINDNESS });
  return { ...parameters, principleVersion: '1' };
}
