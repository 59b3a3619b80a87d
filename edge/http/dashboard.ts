/** Serves the dashboard's built files: its pages are one document, its files never change under one name. */
import type { Context } from 'hono';
import { ProblemError } from './problem.ts';
import type { ReadDashboardFile } from './dependencies.ts';
import type { App } from './register.ts';

/** The addresses of the pages: every one is answered with the one document that shows it. */
const PAGES = [
  '/',
  ...[
    'experiments',
    'pairs',
    'compare',
    'label',
    'principles',
    'write',
    'prompts',
    'models',
    'runners',
    'keys',
  ].flatMap((page) => [`/${page}`, `/${page}/:name`]),
];
const NOT_FOUND = 404;
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Adds the pages and their files; they need no key and say nothing about what is stored. */
export function serveDashboard(app: App, read: ReadDashboardFile): void {
  async function respond(path: string, cacheControl: string, status = 200): Promise<Response> {
    const body = await read(path);
    if (!body) throw new ProblemError('not-found', `The dashboard has no file ${path}`);
    const mediaType = MEDIA_TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
    return new Response(body, {
      status,
      headers: { 'content-type': mediaType, 'cache-control': cacheControl },
    });
  }
  for (const page of PAGES) app.get(page, () => respond('/index.html', 'no-cache'));
  // Browsers ask for the second on pages that name no icon, such as those that show a document.
  for (const path of ['/icon.svg', '/favicon.ico']) app.get(path, () => respond('/icon.svg', 'no-cache'));
  // The name of each file holds the hash of what is in it.
  app.get('/assets/:file{[A-Za-z0-9_.-]+}', (context: Context) =>
    respond(`/assets/${context.req.param('file')}`, 'public, max-age=31536000, immutable'),
  );
  // A person with a wrong address is told so by a page; programs get the API's problem. No route: it takes no path.
  app.use(async ({ req }, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    const isPerson = isRead && (req.header('accept')?.includes('text/html') ?? false);
    if (!isPerson || req.path.startsWith('/v1/')) return await next();
    return await respond('/index.html', 'no-cache', NOT_FOUND);
  });
}
