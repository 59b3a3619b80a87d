/** Where the stages of an experiment stand on the page: each one column behind the last that it reads from. */

interface Placed {
  readonly name: string;
  readonly needs: readonly string[];
}

export interface Place {
  readonly column: number;
  readonly row: number;
}

/** @param stages as the API gives them: none needs a later one */
export function layoutStages(stages: readonly Placed[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const filled: number[] = [];
  for (const { name, needs } of stages) {
    const column = Math.max(-1, ...needs.map((need) => places.get(need)?.column ?? -1)) + 1;
    const row = filled[column] ?? 0;
    filled[column] = row + 1;
    places.set(name, { column, row });
  }
  return places;
}
