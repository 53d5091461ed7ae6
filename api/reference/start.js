// The page behind /reference: Swagger UI over our own document, in the colours of the system.

import { keepAccessible } from './accessible.js';

const dark = matchMedia('(prefers-color-scheme: dark)');
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
followSystem();
dark.addEventListener('change', followSystem);

/** What products call; the rest of the document is between Mooring, its pages and the providers. */
function withoutInternals({ paths, tags, ...rest }) {
  const open = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(Object.entries(operations).filter(([, operation]) => !operation['x-internal'])),
  ]);
  const used = new Set(open.flatMap(([, operations]) => Object.values(operations).flatMap((one) => one.tags)));
  return {
    ...rest,
    tags: tags.filter(({ name }) => used.has(name)),
    paths: Object.fromEntries(open.filter(([, operations]) => Object.keys(operations).length > 0)),
  };
}

const answer = await fetch('/openapi.json');
const spec = withoutInternals(await answer.json());
keepAccessible(document.querySelector('#reference'));
SwaggerUIBundle({
  // This page may call the address that it came from alone, which may be another name of the public one.
  spec: { ...spec, servers: [{ url: location.origin }] },
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
