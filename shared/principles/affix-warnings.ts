/** What a principle may say and seldom means: told where it is made, refused nowhere. */
import type { PrincipleDefinition } from '../api/principles.ts';

export interface AffixWarning {
  /** JSON pointer in the definition: `#/affixPairs/0/positive`. */
  readonly pointer: string;
  readonly detail: string;
}

/**
 * In the form prefix an affix stands in front of the prompt as it is: one that ends in a word runs into the prompt's first.
 *
 * @returns what to do about it; undefined where nothing is odd
 */
export function affixWarning(form: PrincipleDefinition['form'], affix: string): string | undefined {
  const end = affix.slice(-20);
  if (form !== 'prefix' || end === '' || /\s$/u.test(end)) return undefined;
  return `runs into the prompt, as in ${JSON.stringify(`${end}Once upon a time`)}: end it with a space or a new line`;
}

export function affixWarnings({
  form,
  affixPairs,
}: Pick<PrincipleDefinition, 'form' | 'affixPairs'>): AffixWarning[] {
  return affixPairs.flatMap((pair, index) =>
    (['positive', 'negative'] as const).flatMap((side) => {
      const detail = affixWarning(form, pair[side]);
      return detail === undefined ? [] : [{ pointer: `#/affixPairs/${index}/${side}`, detail }];
    }),
  );
}
