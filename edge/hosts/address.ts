/** Where a host listens, and what its help says of it. */
import { UserError } from '../../shared/user-error.ts';

/** The variables that both hosts read, for their help. */
export const ADDRESS_HELP = { 'HOST, PORT': 'where it listens; 127.0.0.1 and 8787 unless given' };

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** The address cannot be listened on. */
export class AddressError extends UserError {
  override readonly name = 'AddressError';
  override readonly code = 'bad-configuration';
}

/** @throws AddressError where PORT is none */
export function readAddress({ HOST, PORT }: Readonly<Record<string, string | undefined>>): Address {
  const port = Number(PORT || 8787);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new AddressError(`PORT is ${JSON.stringify(PORT)}: set a whole number from 0 to 65535`);
  }
  return { hostname: HOST || '127.0.0.1', port };
}
