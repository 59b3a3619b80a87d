/** fp32 arrays on their way to Python and back. */
import { z } from 'zod';

export const packedSchema = z.strictObject({ shape: z.array(z.int()), fp32: z.base64() });

export type Packed = z.infer<typeof packedSchema>;

export function pack(shape: readonly number[], values: Float32Array): Packed {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return { shape: [...shape], fp32: bytes.toString('base64') };
}

export function unpack({ fp32 }: Packed): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(fp32, 'base64')).buffer);
}
