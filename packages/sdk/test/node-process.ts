import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The end of a process. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From its start, in milliseconds. */
  readonly duration: number;
}

/** A program in a Node process of its own. */
export interface NodeProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  /**
   * Resolves with the standard output so far once it holds `text`; rejects when the process ends without it.
   */
  printed(text: string): Promise<string>;
}

/** The settings under which a program runs. */
export interface NodeOptions {
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  readonly type?: 'module' | 'commonjs';
}

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a program, given as text, in this package's folder, where `@otel-middleware/sdk` is what was built.
 *
 * Of the surrounding environment it sees no `OTEL_*` and no `NODE_OPTIONS`.
 */
export function startNode(
  program: string,
  { env = {}, flags = [], type = 'module' }: NodeOptions = {},
): NodeProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OTEL_|NODE_OPTIONS$)/.test(name));
  const started = performance.now();
  const child = spawn(process.execPath, [...flags, `--input-type=${type}`, '--eval', program], {
    cwd: PACKAGE,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Beyond any test: one that fails must not leave a process behind.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ending>((resolve) => {
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, duration: performance.now() - started }),
    );
  });
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve(stdout);
      };
      child.stdout.on('data', look);
      void ended.then(() => reject(new Error(`"${text}" was not printed, but: ${stdout}${stderr}`)));
      look();
    });
  return { child, ended, printed };
}

/** Runs a program to its end. */
export function runNode(...parameters: Parameters<typeof startNode>): Promise<Ending> {
  return startNode(...parameters).ended;
}
