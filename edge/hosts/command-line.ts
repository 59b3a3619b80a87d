/** The command line of a host: it is told by environment variables, so the only option is `--help`. */
import { parseArgs } from 'node:util';
import { explainOptionError, isOptionError } from '../../shared/option-error.ts';
import { LaunchConfigurationError } from '../orchestration/launch/configuration.ts';
import { BootstrapKeyError } from './bootstrap-key.ts';
import { LocalRunnersError } from './local-runners.ts';

/** Where a host listens. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** The address cannot be listened on. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
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
    if (isOptionError(error)) console.error(explainOptionError(error));
    else if (isExpected(error)) console.error(error.message);
    else throw error;
    process.exitCode = 1;
  }
}

function isExpected(error: unknown): error is Error {
  const expected = [AddressError, BootstrapKeyError, LaunchConfigurationError, LocalRunnersError];
  return expected.some((kind) => error instanceof kind);
}
