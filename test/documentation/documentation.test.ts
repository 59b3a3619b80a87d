/** The documents name what is there: every link, path, function and dependency. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** Folders that are not of the repository. */
const OUTSIDE = new Set(['node_modules', '.git', '.rlcd', '.wrangler', 'dist', 'coverage']);

/** Every file and folder below `folder`. */
function walk(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (OUTSIDE.has(entry.name)) continue;
    const place = path.posix.join(folder, entry.name);
    found.push(place);
    if (entry.isDirectory()) found.push(...walk(place));
  }
  return found;
}

const PATHS = walk('.');
const THERE = new Set(PATHS);
/** All that a path may end in: `tensor/graph.ts` is the end of one path of the tree. */
const ENDINGS = new Set(
  PATHS.flatMap((place) => {
    const parts = place.split('/');
    return parts.map((_, start) => parts.slice(start).join('/'));
  }),
);
const DOCUMENTS = PATHS.filter((place) => place.endsWith('.md'));

/** Every word of the sources and of their settings. */
const WORDS = new Set(
  PATHS.filter(
    (place) => /\.(?:tsx?|json|toml|ya?ml|py)$/.test(place) && place !== 'package-lock.json',
  ).flatMap((place) => readFileSync(place, 'utf8').match(/\w+/g) ?? []),
);

/** The anchor that a code host gives a heading. */
function anchorOf(heading: string): string {
  const letters = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '');
  return letters.trim().replaceAll(' ', '-');
}

function anchorsOf(document: string): Set<string> {
  const headings = readFileSync(document, 'utf8').matchAll(/^#+ (.+)$/gm);
  return new Set(Array.from(headings, ([, heading = '']) => anchorOf(heading)));
}

/** What is wrong with a link from `document`; undefined when it leads somewhere. */
function brokenLink(document: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? document : path.posix.join(path.posix.dirname(document), file);
  if (!THERE.has(target.replace(/\/$/, ''))) return link;
  return anchor !== undefined && !anchorsOf(target).has(anchor) ? link : undefined;
}

/** Whether text between backticks is meant as a path of the tree: it begins with a room, or is the name of a source. */
function isPath(text: string): boolean {
  if (/[<>*{}\s]|\.\.\./.test(text)) return false;
  return (
    /^(?:shared|edge|gpu-runner|test|scripts|deploy|docs|migrations)\//.test(text) ||
    /^[\w./-]+\.tsx?$/.test(text)
  );
}

describe.each(DOCUMENTS)('%s', (document) => {
  const text = readFileSync(document, 'utf8');
  const prose = text.replaceAll(/^```[^]*?^```/gm, '');

  it('has links that lead somewhere', () => {
    const links = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
    expect(links.map((link) => brokenLink(document, link)).filter((link) => link !== undefined)).toEqual([]);
  });

  it('names paths of the tree', () => {
    const code = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, words = '']) => words);
    const paths = code.filter(isPath).map((place) => place.replace(/^\.\//, '').replace(/\/$/, ''));
    expect(paths.filter((place) => !ENDINGS.has(place))).toEqual([]);
  });

  it('names functions, classes and fields of the sources', () => {
    const code = Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, words = '']) => words);
    const names = code.flatMap((words) => words.match(/\b[A-Za-z]*[a-z][A-Z]\w*/g) ?? []);
    expect(names.filter((name) => !WORDS.has(name))).toEqual([]);
  });
});

it('docs/dependencies.md says why each dependency is here', () => {
  const document = readFileSync('docs/dependencies.md', 'utf8');
  const packages: { dependencies: object; devDependencies: object } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  const names = [...Object.keys(packages.dependencies), ...Object.keys(packages.devDependencies)];
  expect(names.filter((name) => !document.includes(`\`${name}\``))).toEqual([]);
});

it('finds a link and a path that lead nowhere', () => {
  expect(brokenLink('README.md', 'docs/gone.md')).toBe('docs/gone.md');
  expect(brokenLink('README.md', 'docs/engine.md#gone')).toBe('docs/engine.md#gone');
  expect(brokenLink('docs/engine.md', 'edge.md#decisions-worth-knowing')).toBeUndefined();
  expect(['edge/gone.ts', 'shared/api'].filter((place) => isPath(place) && !ENDINGS.has(place))).toEqual([
    'edge/gone.ts',
  ]);
});
