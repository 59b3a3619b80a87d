/** The prompts that a look is taken at. */

/** How many are answered, once a side. */
export const LOOK_PROMPTS = 32;

/** So many from everywhere in a list; all of a shorter one. */
export function lookPrompts<Row>(rows: readonly Row[]): Row[] {
  const count = Math.min(LOOK_PROMPTS, rows.length);
  const places = new Set(
    Array.from({ length: count }, (_, index) => Math.floor((index * rows.length) / count)),
  );
  return rows.filter((_, place) => places.has(place));
}
