/** A model that a server elsewhere runs, as the API and the tasks name it: where it answers, under which name, for how much. */
import { z } from 'zod';
import { text } from './fields.ts';

/** Names of this machine, to which requests may go without TLS. */
const THIS_MACHINE = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is https, or http on this machine, and holds nothing that belongs into no log. */
function isServerAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  if (value.endsWith('/')) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (`${username}${password}${search}${hash}` !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && THIS_MACHINE.test(hostname));
}

/** Of an OpenAI-compatible server, up to its version: what stands before `/completions`. */
export const serverAddress = text(300)
  .refine(isServerAddress, {
    error:
      'must be an https address (http on the same machine alone), without user, key, query or a slash at its end',
  })
  .meta({ examples: ['http://127.0.0.1:8080/v1'] });

/** Money for a million tokens. */
export const tokenPrice = z
  .strictObject({
    input: z.number().nonnegative().describe('For tokens that are read'),
    output: z.number().nonnegative().describe('For tokens that are written'),
  })
  .meta({ id: 'TokenPrice', description: 'Money for a million tokens' });

export const servedModel = z
  .strictObject({
    url: serverAddress.describe(
      'Address of the server up to its version, such as `http://127.0.0.1:8080/v1`',
    ),
    model: text(200).describe('As the server names it'),
    protocol: z
      .enum(['completions', 'chat'])
      .default('completions')
      .describe(
        'completions: goes on with any text (/completions); chat: answers messages alone ' +
          '(/chat/completions)',
      ),
    revision: text(200)
      .nullable()
      .default(null)
      .describe('Whatever tells the weights behind the name from those that were behind it before'),
    price: tokenPrice.nullable().default(null).describe('Null where the cost is not counted'),
  })
  .meta({ id: 'ServedModel', description: 'A model behind an OpenAI-compatible server' });
export type ServedModel = z.output<typeof servedModel>;
