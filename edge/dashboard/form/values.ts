/** From what is typed to what the API takes. */

/** Nothing where nothing is typed: the API then has its default. */
export function given<Name extends string, Value>(
  name: Name,
  text: string,
  read: (text: string) => Value,
): { [Key in Name]?: Value } {
  return text.trim() === '' ? {} : ({ [name]: read(text) } as { [Key in Name]: Value });
}

export const asText = (text: string): string => text;
/** NaN of what is no number: the contract then says so. */
export const asNumber = (text: string): number => Number(text);
/** Milliseconds since the epoch, of a date and time in the reader's own time zone. */
export const asInstant = (text: string): number => Date.parse(text);
