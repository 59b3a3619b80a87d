/** Entity tags: which answer a client has already (RFC 9110, section 13). */
import { sha256 } from './keys.ts';

export function etagOf(text: string): string {
  return `"${sha256(text).slice(0, 32)}"`;
}

/** @param ifNoneMatch the request's header */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  return ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) ?? false;
}
