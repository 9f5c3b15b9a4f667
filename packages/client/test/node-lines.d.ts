declare module 'node-lines' {
  /** The executable of a line of Node; `undefined` where it could not be installed. */
  export function executableOf(line: number): string | undefined;
}
