/** oxlint plugin: the rule `house/arrows` holds every import, also of types, against the table of rooms. */
import { dirname, relative, resolve, sep } from 'node:path';
import { forbiddenFile, forbiddenModule } from './rooms.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The part of a syntax node that is read here: something with the text after `from` or in `import(...)`. */
interface ImportNode {
  readonly source: { readonly value?: unknown } | null;
}

interface Context {
  /** The absolute path of the file. */
  readonly filename: string;
  report(finding: { readonly node: ImportNode; readonly message: string }): void;
}

/** The visitor of one file. */
function create(context: Context): Record<string, (node: ImportNode) => void> {
  const pathOf = (absolute: string): string => relative(ROOT, absolute).split(sep).join('/');
  const file = pathOf(context.filename);
  const check = (node: ImportNode): void => {
    const name = node.source?.value;
    if (typeof name !== 'string') return;
    const message = name.startsWith('.')
      ? forbiddenFile(file, pathOf(resolve(dirname(context.filename), name)))
      : forbiddenModule(file, name);
    if (message !== undefined) context.report({ node, message });
  };
  return {
    ImportDeclaration: check,
    ImportExpression: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    TSImportType: check,
  };
}

export default { meta: { name: 'house' }, rules: { arrows: { create } } };
