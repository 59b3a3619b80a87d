/**
 * Which problems the handler of each operation can throw, read out of the source: every `new DomainError(code)` and
 * `new ProblemError(code)` in the handler and in what it names, through all files of the edge. A name stands for whatever
 * is declared under it in its file, so that more may be found than can happen and never less; what is called through an
 * interface (the database, the files) is not followed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { z } from 'zod';
import type { ProblemCode } from '../../../shared/api/problem.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ROUTES = path.join(ROOT, 'edge', 'routes');
const ERRORS = new Set(['DomainError', 'ProblemError']);
/** Whoever commits may find the disk full (on-error.ts). */
const WRITES: Readonly<Record<string, ProblemCode>> = { commit: 'no-room' };

const nodeForm = z.looseObject({ type: z.string(), start: z.number(), end: z.number() });
type Node = z.infer<typeof nodeForm>;
const named = z.object({ name: z.string() });

/** A name where it is declared. */
interface Declaration {
  readonly name: string;
  /** What the name stands for; undefined: a parameter, which is whatever the caller gives. */
  readonly meaning: Node | undefined;
  /** The function, or the file, in which the name stands for it. */
  readonly scope: Node;
}

interface Source {
  readonly declarations: readonly Declaration[];
  /** By the name that the file has for it: where it is from. */
  readonly imported: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  /** Functions that are properties of objects: handlers, by their operation. */
  readonly methods: ReadonlyMap<string, readonly Node[]>;
}

const isNode = (value: unknown): value is Node => nodeForm.safeParse(value).success;

/** What is inside a node, without types and without the names of properties. */
function children(node: Node): Node[] {
  return Object.entries(node).flatMap(([field, value]) => {
    if ((field === 'property' || field === 'key') && node['computed'] !== true) return [];
    return [value]
      .flat()
      .filter(isNode)
      .filter(({ type }) => !/^TS(?:Type|Interface)/.test(type));
  });
}

function* below(node: Node): Generator<Node> {
  yield node;
  for (const child of children(node)) yield* below(child);
}

/** The names that a pattern such as `{ a, b: [c] }` gives. */
const namesIn = (pattern: unknown): string[] =>
  isNode(pattern)
    ? [...below(pattern)].filter(({ type }) => type === 'Identifier').map((node) => named.parse(node).name)
    : [];

function declarationsIn(node: Node, scope: Node): Declaration[] {
  const found: Declaration[] = [];
  const { body, id, init } = node;
  const isFunction = node.type.includes('Function');
  const isClass = node.type === 'ClassDeclaration';
  const declare = (names: readonly string[], meaning: unknown, where: Node) =>
    found.push(
      ...names.map((name) => ({ name, meaning: isNode(meaning) ? meaning : undefined, scope: where })),
    );
  if (node.type === 'VariableDeclarator') declare(namesIn(id), init, scope);
  if (isClass || node.type === 'FunctionDeclaration') declare(namesIn(id), body, scope);
  if (isFunction) declare([node['params']].flat().flatMap(namesIn), undefined, node);
  return [...found, ...children(node).flatMap((child) => declarationsIn(child, isFunction ? node : scope))];
}

const sources = new Map<string, Source>();

function readSource(file: string): Source {
  const known = sources.get(file);
  if (known) return known;
  const { program, module, errors } = parseSync(file, readFileSync(file, 'utf8'));
  if (errors.length > 0) throw new Error(`${file}: ${JSON.stringify(errors)}`);
  const root = nodeForm.parse(program);
  const methods = new Map<string, Node[]>();
  for (const node of below(root)) {
    const key = named.safeParse(node['key']);
    if (node.type !== 'Property' || !key.success || !isNode(node['value'])) continue;
    if (node['value'].type.includes('Function'))
      methods.set(key.data.name, [...(methods.get(key.data.name) ?? []), node['value']]);
  }
  const own = module.staticImports.filter(({ moduleRequest }) => moduleRequest.value.startsWith('.'));
  const imported = own.flatMap(({ moduleRequest, entries }) =>
    entries.map(({ importName, localName }) => {
      const from = path.resolve(path.dirname(file), moduleRequest.value);
      return [localName.value, { file: from, name: importName.name ?? localName.value }] as const;
    }),
  );
  const source = { declarations: declarationsIn(root, root), imported: new Map(imported), methods };
  sources.set(file, source);
  return source;
}

interface Found {
  readonly file: string;
  readonly meaning: Node;
}

/**
 * What a name stands for; undefined where that is a parameter or a package's.
 *
 * @param at where in the file it stands; undefined: at its top
 */
function resolve(file: string, name: string, at?: Node): Found | undefined {
  const { declarations, imported } = readSource(file);
  const length = ({ scope }: Declaration) => scope.end - scope.start;
  const [nearest] = declarations
    .filter((one) => one.name === name)
    .filter(({ scope }) => (at ? scope.start <= at.start && at.end <= scope.end : scope.type === 'Program'))
    .toSorted((a, b) => length(a) - length(b));
  if (nearest) return nearest.meaning && { file, meaning: nearest.meaning };
  const from = imported.get(name);
  return from && resolve(from.file, from.name);
}

/** The string that a name or a literal stands for. */
function textOf(file: string, node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return z.string().parse(node['value']);
  if (node.type !== 'Identifier') return undefined;
  const found = resolve(file, named.parse(node).name, node);
  return found && textOf(found.file, found.meaning);
}

function collect({ file, meaning }: Found, codes: Set<string>, seen: Set<Node>): void {
  if (seen.has(meaning)) return;
  seen.add(meaning);
  for (const node of below(meaning)) {
    if (node.type === 'NewExpression') {
      const callee = named.safeParse(node['callee']);
      const [code] = z.array(z.unknown()).parse(node['arguments']);
      const text = callee.success && ERRORS.has(callee.data.name) ? textOf(file, code) : undefined;
      if (text !== undefined) codes.add(text);
    }
    if (node.type !== 'Identifier') continue;
    const { name } = named.parse(node);
    const write = WRITES[name];
    if (write !== undefined) codes.add(write);
    const found = resolve(file, name, node);
    if (found) collect(found, codes, seen);
  }
}

/** @returns sorted @throws Error where no file of edge/routes has a handler of the operation */
export function thrownCodes(operation: string): string[] {
  const files = readdirSync(ROUTES).map((name) => path.join(ROUTES, name));
  const handlers = files.flatMap((file) =>
    (readSource(file).methods.get(operation) ?? []).map((meaning) => ({ file, meaning })),
  );
  if (handlers.length === 0) throw new Error(`no handler of ${operation} in edge/routes`);
  const codes = new Set<string>();
  for (const handler of handlers) collect(handler, codes, new Set());
  return [...codes].toSorted();
}
