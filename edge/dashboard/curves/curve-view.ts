/** How curves are looked at, as it stands in the address. */
import { useSearchParams } from '@solidjs/router';
import { createMemo, type Accessor } from 'solid-js';

export const ACROSS = { step: 'steps', tokens: 'tokens sampled', kl: 'KL from the base model' } as const;
export type Across = keyof typeof ACROSS;

/** Weights of the past, a step. */
export const SMOOTHINGS = { none: 0, light: 0.6, medium: 0.9, strong: 0.97 } as const;
type Smoothing = keyof typeof SMOOTHINGS;

/** Of the address; what is as it is unless said is left out. */
type Parameters = Record<'across' | 'smoothing' | 'scale' | 'metrics', string>;

export interface CurveView {
  readonly across: Across;
  readonly smoothing: Smoothing;
  readonly log: boolean;
  /** Words that a metric's name or title must have. */
  readonly filter: string;
}

const has = <Table extends object>(
  table: Table,
  name: string | undefined,
): name is Extract<keyof Table, string> => name !== undefined && Object.hasOwn(table, name);

export function useCurveView(): [Accessor<CurveView>, (change: Partial<CurveView>) => void] {
  const [parameters, setParameters] = useSearchParams<Parameters>();
  const view = createMemo((): CurveView => ({
    across: has(ACROSS, parameters.across) ? parameters.across : 'step',
    smoothing: has(SMOOTHINGS, parameters.smoothing) ? parameters.smoothing : 'none',
    log: parameters.scale === 'log',
    filter: parameters.metrics ?? '',
  }));
  const change = (part: Partial<CurveView>) => {
    const { across, smoothing, log, filter } = { ...view(), ...part };
    setParameters(
      {
        across: across === 'step' ? undefined : across,
        smoothing: smoothing === 'none' ? undefined : smoothing,
        scale: log ? 'log' : undefined,
        metrics: filter === '' ? undefined : filter,
      },
      { replace: true },
    );
  };
  return [view, change];
}
