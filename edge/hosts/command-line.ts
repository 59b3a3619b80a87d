/** The command line of a host: it is told by environment variables, so the only option is `--help`. */
import { parseArgs } from 'node:util';
import { explain } from '../../shared/explain.ts';
import { UserError } from '../../shared/user-error.ts';

/** Where a host listens. */
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

/** Runs a host until it stands. What a person can mend is told in one line, with exit code 1. */
export async function runHost(help: string, start: () => Promise<void>): Promise<void> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
    if (values.help) console.log(help);
    else await start();
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
