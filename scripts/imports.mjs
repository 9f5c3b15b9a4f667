// What a source file imports.
import { readFileSync } from 'node:fs';

/** The module names in import, export and `import()`, which the formatter keeps on lines that are no comment. */
export function importedNames(file) {
  const imports = /^(?!\s*(?:\*|\/[*/])).*?\b(?:from|import|require)\b\s*\(?\s*'([^']+)'/gm;
  return [...readFileSync(file, 'utf8').matchAll(imports)].map(([, name]) => name);
}
