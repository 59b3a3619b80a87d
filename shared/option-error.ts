/** What Node's `parseArgs` throws for an option, a value or an argument that it does not know. */

/** Whether a command line was refused; the message names what is wrong with it. */
export function isOptionError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  );
}

/** The fault in one line, with where to look. */
export function explainOptionError({ message }: Error): string {
  const [fault] = message.split(/\. To specify a positional argument/);
  return `${fault ?? message}; --help lists the options`;
}
