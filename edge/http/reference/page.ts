/** The reference as one page: every operation with its fields and examples, every schema; readable without its script. */
import type { z } from 'zod';
import { html } from 'hono/html';
import type { Operation, pageDocument, Schema } from './document.ts';
import { fieldRow, fieldRows, referenceOf, typeText, type FieldRow } from './fields.ts';

type PageDocument = z.output<typeof pageDocument>;
type Html = ReturnType<typeof html>;

/** Descriptions use backticks for code and nothing else of Markdown. */
function prose(text: string): Html {
  return html`${text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))}`;
}

const typeCell = (text: string, refersTo: string | undefined): Html =>
  refersTo === undefined ? html`${text}` : html`<a href="#schema-${refersTo}">${text}</a>`;

function table(rows: readonly FieldRow[], isBare = false): Html {
  if (rows.length === 0) return html``;
  return html`<div class="table" role="region" aria-label="Fields" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          ${isBare ? '' : html`<th scope="col">In</th>`}
          <th scope="col">Type</th>
          <th scope="col">What it is</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <th scope="row"><code>${row.name}</code>${row.isRequired ? html` <b>required</b>` : ''}</th>
              ${isBare ? '' : html`<td>${row.place}</td>`}
              <td>${typeCell(row.type, row.refersTo)}</td>
              <td>
                ${prose(row.description)}${
                  row.default === undefined ? '' : html` Default: <code>${row.default}</code>`
                }
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Parameters, and the fields of the body, named schemas of it included. */
function requestRows({ parameters, requestBody }: Operation, { components }: PageDocument): FieldRow[] {
  const given = parameters.map(({ name, in: place, required = false, schema }) =>
    fieldRow(name, place, schema, required),
  );
  const body = requestBody?.content?.['application/json']?.schema;
  const named = body?.$ref === undefined ? undefined : components.schemas[referenceOf(body) ?? ''];
  return [...given, ...(body ? fieldRows(named ?? body, 'body') : [])];
}

function answer([status, { description, content }]: [string, Operation['responses'][string]]): Html {
  const forms = Object.entries(content ?? {}).map(([type, { schema }]) => {
    if (!schema) return html`<code>${type}</code>`;
    return html`${typeCell(typeText(schema), referenceOf(schema))} as <code>${type}</code>`;
  });
  return html`<li><code>${status}</code> ${prose(description)}${forms.map((form) => html`: ${form}`)}</li>`;
}

/** What it was answered once; nothing where it answers no JSON. */
function example(answers: readonly [string, Operation['responses'][string]][]): Html {
  return html`${answers.map(([, { content }]) => {
    const shown = content?.['application/json']?.example;
    if (shown === undefined) return html``;
    return html`<details class="answer">
      <summary>Answer</summary>
      <pre tabindex="0" aria-label="Answer">${JSON.stringify(shown, null, 2)}</pre>
    </details>`;
  })}`;
}

/** Problems by their status; the form that they have in common is told once. */
function refusals(responses: readonly [string, Operation['responses'][string]][]): Html {
  return html`<p>Refused with a <a href="#schema-Problem">Problem</a> (RFC 9457):</p>
    <ul>
      ${responses.map(
        ([status, { description }]) => html`<li><code>${status}</code> ${prose(description)}</li>`,
      )}
    </ul>`;
}

/** Tabs without a script: the chosen one is a radio button's. */
function samples({ operationId, 'x-codeSamples': shown }: Operation): Html {
  return html`<fieldset class="samples">
    <legend>Example</legend>
    ${shown.map(
      ({ label, source }, index) =>
        html`<input
            type="radio"
            name="${operationId}-example"
            id="${operationId}-${label}"
            ${index === 0 ? 'checked' : ''}
          /><label for="${operationId}-${label}">${label}</label>
          <pre tabindex="0" aria-label="${label}">${source}</pre>`,
    )}
  </fieldset>`;
}

function section(path: string, method: string, operation: Operation, document: PageDocument): Html {
  const { operationId, summary, security, responses } = operation;
  const scopes = security.flatMap(({ key }) => key);
  const answers = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const refused = Object.entries(responses).filter(([status]) => Number(status) >= 400);
  const fields = answers.flatMap(([status, { content }]) => {
    const schema = content?.['application/json']?.schema;
    return schema && schema.$ref === undefined ? fieldRows(schema, status) : [];
  });
  return html`<details class="entry" id="${operationId}">
    <summary>
      <span class="method">${method}</span> <code>${path}</code>
      <span>${prose(summary)}</span>
    </summary>
    <p>
      <a href="#${operationId}"><code>${operationId}</code></a
      >: ${scopes.length === 0 ? 'no key is needed' : html`a key with the scope ${scopes.join(' or ')}`}
    </p>
    ${table(requestRows(operation, document))}
    <ul>
      ${answers.map(answer)}
    </ul>
    ${table(fields)} ${refusals(refused)} ${samples(operation)} ${example(answers)}
  </details>`;
}

function schemaEntry(name: string, schema: Schema): Html {
  return html`<details class="entry" id="schema-${name}">
    <summary><code>${name}</code> <span>${prose(schema.description ?? '')}</span></summary>
    <p><a href="#schema-${name}">#schema-${name}</a></p>
    ${table(fieldRows(schema, ''), true)}
  </details>`;
}

const anchorOf = (tag: string) => tag.replaceAll(' ', '-');

export function page(document: PageDocument): Html {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>RLCD API</title>
        <link rel="stylesheet" href="/reference.css" />
        <script src="/reference.js" defer></script>
      </head>
      <body>
        <main>
          <h1>RLCD API</h1>
          <p>
            Every request carries <code>Authorization: Bearer KEY</code>. The same as a document for programs:
            <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). For people there is
            <a href="/">the dashboard</a>.
          </p>
          <form class="search" id="search" role="search" hidden>
            <label for="sought">Search</label>
            <input id="sought" type="search" autocomplete="off" spellcheck="false" />
            <output id="found"></output>
          </form>
          <nav aria-label="Groups">
            ${document.tags.map(({ name }) => html`<a href="#${anchorOf(name)}">${name}</a> `)}<a
              href="#schemas"
              >schemas</a
            >
          </nav>
          ${document.tags.map(
            ({ name, description }) =>
              html`<section id="${anchorOf(name)}">
                <h2>${name}</h2>
                <p>${description}.</p>
                ${operations
                  .filter(({ operation }) => operation.tags.includes(name))
                  .map(({ path, method, operation }) => section(path, method, operation, document))}
              </section>`,
          )}
          <section id="schemas">
            <h2>schemas</h2>
            ${Object.entries(document.components.schemas).map(([name, schema]) => schemaEntry(name, schema))}
          </section>
        </main>
      </body>
    </html>`;
}
