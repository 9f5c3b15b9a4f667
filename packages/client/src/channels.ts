/** The listeners to some channels of `node:diagnostics_channel`, by name. */
export type ChannelListeners = Readonly<Record<string, (message: never) => void>>;

/** The listeners for the requests of a client: one for their start, one for all later events. */
export interface ClientListeners {
  readonly starts: ChannelListeners;
  readonly ends: ChannelListeners;
}

interface DiagnosticsChannels {
  subscribe(name: string, listener: (message: never) => void): void;
  unsubscribe(name: string, listener: (message: never) => void): void;
  channel(name: string): { publish(message: object): void };
}

/** A module of the runtime, where it has it: not imported, so that this package loads wherever `fetch` does. */
export function builtinModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): T | undefined } };
  return process?.getBuiltinModule?.(name);
}

const diagnosticsChannels = (): DiagnosticsChannels | undefined => builtinModule('node:diagnostics_channel');

/** Subscribes to channels where the runtime has any, and returns what undoes it. */
export function subscribe(listeners: ChannelListeners): () => void {
  const channels = diagnosticsChannels();
  for (const [name, listener] of Object.entries(listeners)) channels?.subscribe(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) channels?.unsubscribe(name, listener);
  };
}

/** Publishes a message to those who listen. */
export function publish(channel: string, message: object): void {
  diagnosticsChannels()?.channel(channel).publish(message);
}
