/** How many texts go through the engine together: bounds on memory, which change speed and never a text. */
export interface BatchSizes {
  readonly sampleRows: number;
  readonly scoreRows: number;
  /** Engine runs between checkpoints of a stage that samples. */
  readonly checkpointEvery: number;
}

/** Measured on a CPU of two cores: small models gain nothing from more rows. */
export function batchSizes({
  architecture,
}: {
  readonly architecture: { readonly hiddenSize: number };
}): BatchSizes {
  const large = architecture.hiddenSize > 1024;
  return large
    ? { sampleRows: 16, scoreRows: 4, checkpointEvery: 1 }
    : { sampleRows: 128, scoreRows: 32, checkpointEvery: 4 };
}
