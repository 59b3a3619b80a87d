/** Ways to spoil a request: each takes something that the contract allows and gives something else. */
import * as fc from 'fast-check';

const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  -0.5,
  2 ** 53,
  '',
  '\0',
  'a\ud800',
  '𝕏\u202e\ufeff',
  'x'.repeat(70_000),
  [],
  [[[]]],
  {},
  { __proto__: null, constructor: 1, toString: 'x' },
  "'; DROP TABLE tasks; --",
  '../../etc/passwd',
  '%00',
];
const NASTY_KEYS = ['__proto__', 'constructor', '', 'a\0b', 'unknown', 'ID', '\ud800', 'x'.repeat(5000)];

/** Where something stands in a document: the object or array, and the key. */
type Spot = readonly [holder: Record<string, unknown>, key: string];

function spotsOf(value: unknown): Spot[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [[holder, key] as const].concat(spotsOf(holder[key])));
}

/** The document with one place removed, replaced or added. */
export function mutateDocument(document: unknown, pick: (bound: number) => number): unknown {
  const copy: unknown = structuredClone(document);
  const spots = spotsOf(copy);
  const spot = spots[pick(spots.length)];
  const nasty = NASTY_VALUES[pick(NASTY_VALUES.length)];
  if (!spot || pick(12) === 0) return nasty;
  const [holder, key] = spot;
  const way = pick(3);
  if (way === 0) delete holder[key];
  else if (way === 1) holder[key] = nasty;
  else holder[NASTY_KEYS[pick(NASTY_KEYS.length)] ?? 'unknown'] = nasty;
  return copy;
}

/** The text of a document, cut or with bytes that do not belong. */
export function mutateText(text: string, pick: (bound: number) => number): string | Uint8Array<ArrayBuffer> {
  const at = pick(text.length + 1);
  switch (pick(7)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}\0${text.slice(at)}`;
    case 2:
      return `${text}${text}`;
    case 3:
      return Buffer.concat([
        Buffer.from(text.slice(0, at)),
        Buffer.from([0xff, 0xfe, 0xc0]),
        Buffer.from(text.slice(at)),
      ]);
    case 4:
      return `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    case 5:
      return `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    default:
      return `\ufeff${text.replaceAll(':', ' : ').replaceAll(',', ',,')}`;
  }
}

/** Pieces of a path that no identifier has. */
export const nastySegment = fc.constantFrom(
  '%00',
  '%2e%2e%2f',
  '..',
  '%ff',
  '%',
  '%zz',
  '%F0%9F%98%80',
  'x'.repeat(3000),
  "' OR 1=1",
  '-1',
  '0',
  '00000000-0000-7000-8000-000000000000',
  '%3Cscript%3E',
  'null',
  ' ',
);

export const nastyHeaders = fc.constantFrom<Record<string, string>>(
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': '' },
  { 'content-type': 'é' },
  { 'content-encoding': 'gzip' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'x'.repeat(201) },
  { 'idempotency-key': 'é ü' },
  { 'idempotency-key': 'again' },
  { 'if-none-match': '*' },
  { 'if-none-match': '"'.repeat(4000) },
  { range: 'bytes=9-2' },
  { range: 'bytes=999999999999-' },
  { range: 'bytes=-0' },
  { range: 'bytes=0-18446744073709551616' },
  { range: 'items=0-1,2-3' },
  { 'last-event-id': 'x' },
  { 'last-event-id': '-1' },
  { 'last-event-id': '99999999999999999999' },
  { accept: 'image/png' },
  { 'x-http-method-override': 'DELETE' },
  { 'x-forwarded-for': '1.1.1.1' },
  { authorization: 'Bearer' },
  { authorization: 'Bearer  two words' },
  { authorization: 'Basic YTpi' },
  { authorization: `Bearer ${'x'.repeat(5000)}` },
  { authorization: 'Bearer rlcd_00000000-0000-7000-8000-000000000000_'.padEnd(88, 'é') },
);
