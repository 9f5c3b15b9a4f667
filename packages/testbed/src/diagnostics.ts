import { DiagLogLevel, diag } from '@opentelemetry/api';

/** Collects what goes through `diag` from now on, as `[level, message]`; takes the place of any other logger. */
export function collectDiagnostics(): (readonly ['error' | 'warn', string])[] {
  const lines: (readonly ['error' | 'warn', string])[] = [];
  diag.setLogger(
    {
      error: (message) => lines.push(['error', message]),
      warn: (message) => lines.push(['warn', message]),
      info: () => {},
      debug: () => {},
      verbose: () => {},
    },
    { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
  );
  return lines;
}
