/** Serves the OpenAPI document and a reference page made from it; nothing of either comes from another host. */
import type { Context } from 'hono';
import { etagOf, isKnown } from '../etag.ts';
import type { App } from '../register.ts';
import { SCRIPT, STYLE } from './assets.ts';
import { documentOf, pageDocument } from './document.ts';
import { page } from './page.ts';

/** Adds the paths outside the API: they need no key and say nothing about what is stored. */
export function serveReference(app: App): void {
  serve(app, '/openapi.json', 'application/json', () => JSON.stringify(documentOf(app)));
  serve(app, '/reference', 'text/html; charset=utf-8', async () => String(await page(published(app))));
  serve(app, '/reference.css', 'text/css; charset=utf-8', () => STYLE);
  serve(app, '/reference.js', 'text/javascript; charset=utf-8', () => SCRIPT);
}

/** The document as a client reads it. */
const published = (app: App) => pageDocument.parse(JSON.parse(JSON.stringify(documentOf(app))));

/** Made at the first request and kept, with its hash as ETag: a stranger costs no more than sending it. */
function serve(app: App, path: string, mediaType: string, make: () => string | Promise<string>): void {
  let kept: Promise<{ readonly text: string; readonly etag: string }> | undefined;
  app.get(path, async (context: Context) => {
    kept ??= Promise.resolve(make()).then((text) => ({ text, etag: etagOf(text) }));
    const { text, etag } = await kept;
    const headers = { 'content-type': mediaType, 'cache-control': 'no-cache', etag };
    return isKnown(etag, context.req.header('if-none-match'))
      ? new Response(null, { status: 304, headers })
      : new Response(text, { headers });
  });
}
