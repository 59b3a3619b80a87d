/** X-Forwarded-For is believed from proxies that were named, as far back as they are ours, and from nobody else. */
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { createClientAddress, readProxies } from '../../../edge/hosts/client-address.ts';

async function addressOf(proxies: string | undefined, remote: string, forwarded?: string): Promise<string> {
  const address = createClientAddress(proxies === undefined ? undefined : readProxies(proxies), () => remote);
  const app = new Hono().get('/', (context) => context.text(address(context)));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return await (await app.request('/', { headers })).text();
}

it.each([
  ['nobody is believed by default', undefined, '192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['nor who is no proxy of ours', '10.0.0.0/8', '192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['a proxy of ours is', '10.0.0.0/8', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['what a client wrote itself is not', '10.0.0.0/8', '10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['several proxies of ours', '10.0.0.0/8,::1', '::1', '1.1.1.1, 198.51.100.1, 10.0.0.9', '198.51.100.1'],
  ['no header', '10.0.0.0/8', '10.1.2.3', undefined, '10.1.2.3'],
  ['nonsense', '10.0.0.0/8', '10.1.2.3', '198.51.100.1, <script>', '10.1.2.3'],
  ['IPv4 told as IPv6', '10.0.0.0/8', '::ffff:10.1.2.3', '::ffff:198.51.100.1', '198.51.100.1'],
  ['IPv6', 'fd00::/8', 'fd00::1', '2001:db8::1', '2001:db8::1'],
])('%s', async (_, proxies, remote, forwarded, expected) => {
  expect(await addressOf(proxies, remote, forwarded)).toBe(expected);
});
