/** Who sent a request, where proxies may stand between: their word is taken for those that were named, and for no other. */
import { BlockList, isIP } from 'node:net';
import type { Context } from 'hono';

/** @returns undefined where one of them is no address or range such as 10.0.0.0/8 */
export function readProxies(text: string): BlockList | undefined {
  const list = new BlockList();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [address = '', prefix, ...more] = part.split('/');
    const version = isIP(address);
    const bits = version === 4 ? 32 : 128;
    if (version === 0 || more.length > 0) return undefined;
    if (prefix === undefined) list.addAddress(address, `ipv${version === 4 ? 4 : 6}`);
    else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
      list.addSubnet(address, Number(prefix), `ipv${version === 4 ? 4 : 6}`);
    else return undefined;
  }
  return list;
}

/** An IPv4 address in the form of IPv6, as sockets that take both tell it. */
const plain = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');

/**
 * @param proxies whose X-Forwarded-For is believed; undefined: nobody's
 * @param remoteOf the address at the other end of the connection
 */
export function createClientAddress(
  proxies: BlockList | undefined,
  remoteOf: (context: Context) => string | undefined,
): (context: Context) => string {
  const isProxy = (address: string): boolean => {
    const version = isIP(address);
    return version !== 0 && proxies !== undefined && proxies.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
  return (context) => {
    let address = plain(remoteOf(context) ?? 'unknown');
    if (!isProxy(address)) return address;
    // Each proxy writes behind those before it whom it heard: from the end on, up to the first that is none of ours.
    const heard = (context.req.header('x-forwarded-for') ?? '').split(',').map((one) => plain(one.trim()));
    for (const next of heard.reverse()) {
      if (isIP(next) === 0) return address;
      address = next;
      if (!isProxy(address)) return address;
    }
    return address;
  };
}
