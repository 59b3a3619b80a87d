/** The administrator's key, as every host of the edge is told it: the Worker, too. */
import { apiKey } from '../../shared/read-variables.ts';

const MAKE_ONE = 'make one with: openssl rand -hex 32';
/** Of a key that chance made: fewer stand in one of 10,000 keys of 32 hexadecimal digits. */
const LEAST_DIFFERENT = 8;

/** Not guessed by who tries what people write: no few characters, and nothing said again and again. */
function isRandom(key: string): boolean {
  return new Set(key).size >= LEAST_DIFFERENT && !/^(.{1,20})\1+.{0,19}$/.test(key);
}

export const KEY_VARIABLES = {
  RLCD_ADMIN_KEY: {
    help: "administrator's key; without it the first start makes one and prints it",
    schema: apiKey
      .min(32, `must be at least 32 characters; ${MAKE_ONE}`)
      .refine(isRandom, `can be guessed, for it repeats itself; ${MAKE_ONE}`)
      .optional(),
  },
} as const;
