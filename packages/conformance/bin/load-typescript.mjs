// Module hooks by which Node 20 imports the sources of this package, which are TypeScript.
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

const matrix = new URL('../src/matrix.ts', import.meta.url).href;

export async function resolve(specifier, context, next) {
  // Gaps may depend on the cell of the matrix; the suite beside it needs Jest.
  if (specifier === '@otel-middleware/conformance') return { url: matrix, shortCircuit: true };
  const fromTypeScript = context.parentURL?.endsWith('.ts') && specifier.startsWith('.');
  return next(fromTypeScript ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { code } = await transformFile(fileURLToPath(url), {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
