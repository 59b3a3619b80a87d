/** The administrator's key that a host gets from its environment. */
import { UserError } from '../../shared/user-error.ts';

const MINIMUM_LENGTH = 32;

/** The environment's key is too weak to guard an edge. */
export class BootstrapKeyError extends UserError {
  override readonly name = 'BootstrapKeyError';
  override readonly code = 'bad-configuration';

  constructor() {
    super(
      `RLCD_ADMIN_KEY must be at least ${MINIMUM_LENGTH} characters without spaces; make one with: openssl rand -hex 32`,
    );
  }
}

/**
 * @param value the environment's value; undefined or empty: there is no such key
 * @throws BootstrapKeyError where it is short or has spaces
 */
export function readBootstrapKey(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (value.length < MINIMUM_LENGTH || /\s/.test(value)) throw new BootstrapKeyError();
  return value;
}
