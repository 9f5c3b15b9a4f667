import type { DiagLogger } from '@opentelemetry/api';
import { DiagLogLevel, diag } from '@opentelemetry/api';

/** Keeps what is reported through `diag` at the levels that a user would see. */
export class Diagnostics {
  #problems: string[] = [];

  /** Takes the place of the API's logger, until {@link unregister}. */
  register(): void {
    const keep = (message: string, ...args: unknown[]): void => {
      this.#problems.push([message, ...args.map(String)].join(' '));
    };
    const ignore = (): void => {};
    const logger: DiagLogger = { error: keep, warn: keep, info: ignore, debug: ignore, verbose: ignore };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  }

  unregister(): void {
    diag.disable();
  }

  /** Returns the warnings and errors since the last call. */
  take(): readonly string[] {
    const taken = this.#problems;
    this.#problems = [];
    return taken;
  }
}
