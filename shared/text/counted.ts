/** A number with what is counted, in the singular where it is one. */

/** `1 prompt`, `2 prompts`. @param noun in the singular; its plural ends in s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
