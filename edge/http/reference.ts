/** The OpenAPI document and a reference page made from it; no script, nothing from another host. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import { contract } from '../../shared/api/contract.ts';
import { etagOf, isKnown } from './etag.ts';
import type { App } from './register.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;text-transform:capitalize}
summary{cursor:pointer;padding:.35rem 0}
summary:focus-visible{outline:2px solid}
code{font-family:ui-monospace,monospace}
.method{display:inline-block;min-width:4.5rem;font-weight:600;text-transform:uppercase}
pre{overflow-x:auto;padding:1rem;border:1px solid;border-radius:.4rem;font-size:.85rem}`;

function documentOf(app: App) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'A key made by createKey, or the bootstrap key',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'RLCD',
      version: '1',
      description: 'Align a language model to a principle in plain words.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.values(contract).map(({ tag }) => tag))].map((name) => ({ name })),
  });
}

type OpenApiDocument = ReturnType<typeof documentOf>;

function page(document: OpenApiDocument) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      operation: operation as { tags: string[]; summary: string },
    })),
  );
  const section = (tag: string) =>
    html`<h2>${tag}</h2>
      ${operations
        .filter(({ operation }) => operation.tags.includes(tag))
        .map(
          ({ path, method, operation }) =>
            html`<details>
              <summary>
                <span class="method">${method}</span> <code>${path}</code> – ${operation.summary}
              </summary>
              <pre>${JSON.stringify(operation, null, 2)}</pre>
            </details>`,
        )}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>RLCD API</title>
        <link rel="stylesheet" href="/reference.css" />
      </head>
      <body>
        <h1>RLCD API</h1>
        <p>Generated from <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
        ${(document.tags ?? []).map(({ name }) => section(name))}
        <h2>Schemas</h2>
        ${Object.entries(document.components?.schemas ?? {}).map(
          ([name, schema]) =>
            html`<details>
              <summary><code>${name}</code></summary>
              <pre>${JSON.stringify(schema, null, 2)}</pre>
            </details>`,
        )}
      </body>
    </html>`;
}

/** Adds the three paths outside the API: they need no key and say nothing about what is stored. */
export function serveReference(app: App): void {
  serve(app, '/openapi.json', 'application/json', () => JSON.stringify(documentOf(app)));
  serve(app, '/reference', 'text/html; charset=utf-8', async () => String(await page(documentOf(app))));
  serve(app, '/reference.css', 'text/css; charset=utf-8', () => STYLE);
}

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
