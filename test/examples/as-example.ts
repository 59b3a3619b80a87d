/** An answer as an example: short, and the same each time though ids and secrets are drawn. */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const SECRET = /(rlcd_[0-9a-f-]{36}_)[\w-]{43}/g;
/** Of a list. */
const MOST_ENTRIES = 2;
/** Seconds of the machine's clock, which completions tell. */
const CREATED = 1_796_000_000;

function shortened(value: unknown, name: string): unknown {
  if (name === 'created') return CREATED;
  if (Array.isArray(value)) return value.slice(0, MOST_ENTRIES).map((entry) => shortened(entry, ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, shortened(inner, field)]));
}

/** Ids are numbered in the order in which they come, everywhere the same. */
export function asExample(answers: Record<string, unknown>): Record<string, unknown> {
  const numbers = new Map<string, number>();
  const text = JSON.stringify(shortened(answers, ''))
    .replaceAll(SECRET, '$1…')
    .replaceAll(UUID, (id) => {
      const number = numbers.get(id) ?? numbers.size + 1;
      numbers.set(id, number);
      const version = id.charAt(14);
      return `019ab0e7-6c00-${version}000-8000-${String(number).padStart(12, '0')}`;
    });
  return JSON.parse(text) as Record<string, unknown>;
}
