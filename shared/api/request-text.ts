/** A request as other programs would make it: a curl command, and TypeScript with the project's client. */
import { requestUrl, type AnyInput } from './client.ts';
import { contract, type OperationId } from './contract.ts';
import { isBytes, type Endpoint } from './endpoint.ts';

interface Call {
  readonly operation: OperationId;
  readonly input: AnyInput;
  /** Where the edge answers, without a slash at the end. */
  readonly origin: string;
}

/** For a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const json = (value: unknown) => JSON.stringify(value, null, 2) ?? 'null';

/** What stands for bytes that no command can hold. */
const fileName = ({ body }: AnyInput) => (body instanceof File ? body.name : 'FILE');

function typeOf({ body }: Endpoint, given: AnyInput): string | undefined {
  if (!body) return undefined;
  if (!isBytes(body)) return 'application/json';
  return given.body instanceof File && given.body.type !== '' ? given.body.type : body.mediaType;
}

/** A shell command; the key comes from the environment. */
export function curlOf({ operation, input, origin }: Call): string {
  const endpoint: Endpoint = contract[operation];
  const mediaType = typeOf(endpoint, input);
  const hasBytes = endpoint.body && isBytes(endpoint.body);
  const lines = [
    `curl ${quoted(requestUrl(origin, endpoint, input))}`,
    ...(endpoint.method === 'get' || endpoint.method === 'post'
      ? []
      : [`-X ${endpoint.method.toUpperCase()}`]),
    `-H "authorization: Bearer $RLCD_KEY"`,
    ...(mediaType === undefined ? [] : [`-H 'content-type: ${mediaType}'`]),
    ...(endpoint.body
      ? [hasBytes ? `--data-binary @${quoted(fileName(input))}` : `-d ${quoted(json(input.body))}`]
      : []),
  ];
  return lines.join(' \\\n  ');
}

/** A program that stands in the repository's root; the key comes from the environment. */
export function typeScriptOf({ operation, input, origin }: Call): string {
  const endpoint: Endpoint = contract[operation];
  const hasBytes = endpoint.body && isBytes(endpoint.body);
  const parts = Object.entries(input).flatMap(([part, value]) => {
    if (value === undefined) return [];
    const text = hasBytes && part === 'body' ? `await readFile(${json(fileName(input))})` : json(value);
    return [`  ${part}: ${text.replaceAll('\n', '\n  ')},`];
  });
  const type = hasBytes ? `, { headers: { 'content-type': ${json(typeOf(endpoint, input))} } }` : '';
  return [
    ...(hasBytes ? ["import { readFile } from 'node:fs/promises';"] : []),
    "import { createClient } from './shared/api/client.ts';",
    '',
    `const client = createClient({ baseUrl: ${json(origin)}, key: process.env['RLCD_KEY'] ?? '' });`,
    `const answer = await client.${operation}({`,
    ...parts,
    `}${type});`,
    'console.log(answer);',
  ].join('\n');
}
