/** Addresses that can be decoded: what a person mistypes must not end the page that would say so. */

/** @returns the same address, or with each `%` that stands for nothing as text, which then names nothing */
export function readableAddress({
  pathname,
  search,
  hash,
}: Pick<Location, 'pathname' | 'search' | 'hash'>): string {
  return `${readable(pathname)}${search}${readable(hash)}`;
}

function readable(part: string): string {
  try {
    return encodeURI(decodeURI(part));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return part.replaceAll('%', '%25');
  }
}
