/** Names by which experiments can be told apart: those that share one say when they were made, too. */
import { dateTime } from './format.ts';
import { visibleName } from './visible-text.ts';

interface Named {
  readonly name: string;
  readonly createdAt: number;
}

/** @returns what each is called among them, in order */
export function distinctNames(items: readonly Named[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
  return items.map(({ name, createdAt }) => {
    const shown = visibleName(name);
    if (counts.get(name) === 1) return shown;
    return `${shown} (${dateTime(createdAt)}:${String(new Date(createdAt).getSeconds()).padStart(2, '0')})`;
  });
}
