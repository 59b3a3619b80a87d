/** tokenizer.bin of llama2.c to the tokenizer.json of Hugging Face, with the same ids for the same text. */
import { readWhole } from '../../files/files.ts';
import { ModelFileError } from '../../files/model-file-error.ts';
import { mergesByScore } from './merges-by-score.ts';
import { bytePiece, type TokenizerJson, tokenizerJson } from './tokenizer-json.ts';

const MAXIMUM_BYTES = 64 * 1024 * 1024;
const MAXIMUM_TOKEN_BYTES = 4096;
const BYTE_TOKENS = 256;
const FIRST_BYTE_TOKEN = 3;
const cure = 'Use the tokenizer file that was exported with the model';

interface Piece {
  readonly text: string;
  readonly score: number;
}

/**
 * Reads a tokenizer.bin (int32 longest token, then per token float32 score, int32 length, bytes).
 *
 * llama2.c merges the neighbours whose joined text is a token of the highest score, the leftmost first. Byte-pair
 * merges ranked by falling score say the same, so the result is an ordinary BPE tokenizer.
 *
 * @param vocabularySize of the model; the file does not say how many tokens it holds
 * @throws ModelFileError
 */
export async function readLlama2cTokenizer(file: string, vocabularySize: number): Promise<TokenizerJson> {
  const pieces = parsePieces(await readWhole(file, MAXIMUM_BYTES, cure), vocabularySize, file);
  const ids = new Map<string, number>();
  for (const [id, piece] of pieces.entries()) {
    const other = ids.get(piece.text);
    if (other !== undefined) throw new ModelFileError(file, `token ${id}`, `repeats token ${other}`, cure);
    ids.set(piece.text, id);
  }
  for (let byte = 0; byte < BYTE_TOKENS; byte++) {
    if (ids.get(bytePiece(byte)) !== FIRST_BYTE_TOKEN + byte) {
      throw new ModelFileError(file, `token ${FIRST_BYTE_TOKEN + byte}`, `is not ${bytePiece(byte)}`, cure);
    }
  }
  const merged = pieces
    .map(({ text, score }, id) => ({ text, score, id }))
    .slice(FIRST_BYTE_TOKEN + BYTE_TOKENS);
  return tokenizerJson(ids, mergesByScore(merged, ids), { prefix: ' ', space: ' ' });
}

function parsePieces(bytes: Uint8Array, vocabularySize: number, file: string): Piece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const pieces: Piece[] = [];
  let offset = 4;
  while (offset < bytes.length) {
    const name = `token ${pieces.length}`;
    if (pieces.length === vocabularySize) {
      const fault = `holds more tokens than the ${vocabularySize} of the model`;
      throw new ModelFileError(file, null, fault, cure);
    }
    if (offset + 8 > bytes.length) throw new ModelFileError(file, name, 'is cut short', cure);
    const score = view.getFloat32(offset, true);
    const length = view.getInt32(offset + 4, true);
    offset += 8;
    if (Number.isNaN(score)) throw new ModelFileError(file, name, 'has NaN for a score', cure);
    if (length < 0 || length > MAXIMUM_TOKEN_BYTES || offset + length > bytes.length) {
      throw new ModelFileError(file, name, `has a length of ${length} bytes`, cure);
    }
    try {
      pieces.push({ text: decoder.decode(bytes.subarray(offset, offset + length)), score });
    } catch (error) {
      throw new ModelFileError(file, name, 'is not UTF-8 text', cure, { cause: error });
    }
    offset += length;
  }
  if (pieces.length !== vocabularySize) {
    throw new ModelFileError(
      file,
      null,
      `holds ${pieces.length} tokens, the model has ${vocabularySize}`,
      cure,
    );
  }
  return pieces;
}
