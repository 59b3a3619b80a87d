/** A principle while it is written: all that is typed, and the definition that it makes. */
import type { z } from 'zod';
import type { principleDefinition } from '../../../../shared/api/principles.ts';
import type { PrincipleVersion } from '../../app/types.ts';

type Definition = z.input<typeof principleDefinition>;
type Form = Definition['form'];
type Placement = NonNullable<Definition['placement']>;

export interface DraftPair {
  readonly positive: string;
  readonly negative: string;
  readonly scoringInstruction: string;
}

export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly form: Form;
  /** Empty: the form's own. */
  readonly placement: Placement | '';
  readonly responseOpening: string;
  readonly affixPairs: readonly DraftPair[];
}

export const NO_PAIR: DraftPair = { positive: '', negative: '', scoringInstruction: '' };

/** An empty draft, or one that begins with what the newest version says. */
export function draftOf(newest: PrincipleVersion | undefined): Draft {
  if (newest === undefined) {
    return {
      name: '',
      description: '',
      form: 'dialogue',
      placement: '',
      responseOpening: '',
      affixPairs: [NO_PAIR],
    };
  }
  const { description, form, placement, responseOpening, affixPairs } = newest.definition;
  return {
    name: newest.principle,
    description,
    form,
    placement: placement ?? '',
    responseOpening,
    affixPairs: affixPairs.map(({ positive, negative, scoringInstruction = '' }) => ({
      positive,
      negative,
      scoringInstruction,
    })),
  };
}

/** As the API takes it. */
export function definitionOf(draft: Draft): Definition {
  return {
    description: draft.description,
    form: draft.form,
    ...(draft.form === 'dialogue' && draft.placement !== '' ? { placement: draft.placement } : {}),
    responseOpening: draft.responseOpening,
    affixPairs: draft.affixPairs.map(({ positive, negative, scoringInstruction }) => ({
      positive,
      negative,
      ...(scoringInstruction === '' ? {} : { scoringInstruction }),
    })),
  };
}
