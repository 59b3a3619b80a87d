/** llama2.c's own encoding, written from its description: the judge of the tokenizer made from a tokenizer.bin. */

export interface GreedyToken {
  readonly text: string;
  readonly score: number;
}

/** Reads a tokenizer.bin. */
export function parseTokenizerFile(bytes: Buffer): GreedyToken[] {
  const tokens: GreedyToken[] = [];
  for (let offset = 4; offset < bytes.length;) {
    const score = bytes.readFloatLE(offset);
    const length = bytes.readInt32LE(offset + 4);
    tokens.push({ score, text: bytes.toString('utf8', offset + 8, offset + 8 + length) });
    offset += 8 + length;
  }
  return tokens;
}

/** Writes a tokenizer.bin. */
export function tokenizerFileBytes(tokens: readonly GreedyToken[]): Buffer {
  const parts = tokens.map(({ text, score }) => {
    const head = Buffer.alloc(8);
    head.writeFloatLE(score);
    head.writeInt32LE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  });
  return Buffer.concat([Buffer.from(Int32Array.of(16).buffer), ...parts]);
}

/** A dummy space, characters or their bytes, then the best-scored pair merged until none is left. */
export function greedyEncode(tokens: readonly GreedyToken[], text: string): number[] {
  if (text === '') return [];
  const ids = new Map(tokens.map((token, id) => [token.text, id]));
  const sequence = Array.from(` ${text}`).flatMap((character) => {
    const id = ids.get(character);
    return id === undefined ? [...Buffer.from(character)].map((byte) => byte + 3) : [id];
  });
  for (;;) {
    let best = -1;
    let bestId = -1;
    let bestScore = -Infinity;
    for (let place = 0; place + 1 < sequence.length; place++) {
      const id = ids.get(`${tokens[sequence[place] ?? 0]?.text}${tokens[sequence[place + 1] ?? 0]?.text}`);
      const score = id === undefined ? -Infinity : (tokens[id]?.score ?? -Infinity);
      if (id !== undefined && score > bestScore) {
        best = place;
        bestId = id;
        bestScore = score;
      }
    }
    if (best === -1) return sequence;
    sequence.splice(best, 2, bestId);
  }
}
