/** The difference of two JSON documents as the list of places that changed. */

/** `before` is absent where the place was added, `after` where it was removed. */
export interface DocumentChange {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  return typeof value === 'object' && value !== null;
}

function entry(container: object, key: string): { value: unknown } | undefined {
  return Object.hasOwn(container, key)
    ? { value: (container as Readonly<Record<string, unknown>>)[key] }
    : undefined;
}

/** Changed places in order of the first document's keys, then the keys only the second one has. */
export function compareDocuments(before: unknown, after: unknown, pointer = ''): DocumentChange[] {
  const comparable =
    isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after);
  if (!comparable) return Object.is(before, after) ? [] : [{ pointer, before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key): DocumentChange[] => {
    const place = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const [left, right] = [entry(before, key), entry(after, key)];
    if (left && right) return compareDocuments(left.value, right.value, place);
    if (left) return [{ pointer: place, before: left.value }];
    return right ? [{ pointer: place, after: right.value }] : [];
  });
}
