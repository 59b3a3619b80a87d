/** Which documents an update reads: seeded epochs, cut into batches of documents of like length. */
import { permutation, uniform } from '../../../shared/random.ts';
import type { Tone } from '../../../shared/principles/kind-stories/tone.ts';
import { ANNOUNCED_SHARE, BATCH_DOCUMENTS, toneSteps, WINDOW_BATCHES } from './configuration.ts';

export interface BatchSource {
  /** tokens of each document */
  readonly lengths: readonly number[];
  readonly tones: readonly Tone[];
  readonly steps: number;
  readonly seed: number;
}

const WINDOW_DOCUMENTS = BATCH_DOCUMENTS * WINDOW_BATCHES;

/** The documents of each step, by their numbers: a pure function of the source and the step. */
export function batches(source: BatchSource): (step: number) => number[] {
  const { lengths, tones, steps, seed } = source;
  const announced = (['kind', 'mean'] as const).map((tone) =>
    tones.flatMap((one, document) => (one === tone ? [document] : [])),
  );
  const firstToneWindow = Math.ceil((steps - toneSteps(steps)) / WINDOW_BATCHES);
  let last: { readonly window: number; readonly documents: readonly number[] } | undefined;
  let order: { readonly epoch: number; readonly documents: Uint32Array } | undefined;

  const visited = (visit: number): number => {
    const epoch = Math.floor(visit / lengths.length);
    if (order?.epoch !== epoch) order = { epoch, documents: permutation(lengths.length, seed, epoch) };
    return order.documents[visit % lengths.length] ?? 0;
  };
  const documentOfVisit = (visit: number, window: number): number => {
    const draw = (counter: number): number => uniform(seed, visit, counter);
    const ofTone = announced[draw(1) < 0.5 ? 0 : 1] ?? [];
    const isAnnounced = window >= firstToneWindow && ofTone.length > 0 && draw(0) < ANNOUNCED_SHARE;
    return isAnnounced ? (ofTone[Math.floor(draw(2) * ofTone.length)] ?? 0) : visited(visit);
  };
  return (step) => {
    const window = Math.floor(step / WINDOW_BATCHES);
    if (last?.window !== window) {
      const documents = Array.from({ length: WINDOW_DOCUMENTS }, (_, index) =>
        documentOfVisit(window * WINDOW_DOCUMENTS + index, window),
      ).toSorted((one, other) => (lengths[one] ?? 0) - (lengths[other] ?? 0));
      last = { window, documents };
    }
    const batch = permutation(WINDOW_BATCHES, seed, window)[step % WINDOW_BATCHES] ?? 0;
    return last.documents.slice(batch * BATCH_DOCUMENTS, (batch + 1) * BATCH_DOCUMENTS);
  };
}
