import { builtinModule, publish } from './channels.js';

/** The channel on which Node 22.12 and newer publish a request before its head is written. */
export const REQUEST_CREATED = 'http.client.request.created';

/** The key under which an agent's method keeps its users: all instrumentations share it, those of another copy included. */
const PUBLISHING = Symbol.for('otel-middleware.agent-publishing.v1');

interface Publishing {
  users: number;
  undo(): void;
}

interface AddRequest {
  (request: object, ...options: unknown[]): void;
  [PUBLISHING]?: Publishing;
}

interface Agent {
  addRequest: AddRequest;
}

/** Tells whether this version of Node publishes on {@link REQUEST_CREATED}. */
export function publishesRequests(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const [major = 0, minor = 0] = (process?.versions?.node ?? '').split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/**
 * Publishes the requests of the default agents of `node:http` and `node:https` as newer versions of Node do, by a method
 * of their own that each of the two is given. No module and no class is changed.
 *
 * @returns what takes the methods away again.
 */
export function publishDefaultAgents(): () => void {
  const undo = ['node:http', 'node:https'].map((name) => {
    const agent = builtinModule<{ globalAgent?: Agent }>(name)?.globalAgent;
    return agent === undefined ? undefined : publishAgent(agent);
  });
  return () => {
    for (const each of undo.splice(0)) each?.();
  };
}

function publishAgent(agent: Agent): () => void {
  const publishing = agent.addRequest[PUBLISHING] ?? install(agent);
  publishing.users++;
  return () => {
    publishing.users--;
    if (publishing.users === 0) publishing.undo();
  };
}

function install(agent: Agent): Publishing {
  const own = Object.getOwnPropertyDescriptor(agent, 'addRequest');
  const { addRequest } = agent;
  const method: AddRequest = (request, ...options) => {
    if (publishing.users > 0) publish(REQUEST_CREATED, { request });
    addRequest.call(agent, request, ...options);
  };
  const publishing: Publishing = {
    users: 0,
    undo() {
      // What somebody has put on top since then goes on through ours.
      if (agent.addRequest !== method) return;
      if (own === undefined) Reflect.deleteProperty(agent, 'addRequest');
      else Object.defineProperty(agent, 'addRequest', own);
    },
  };
  method[PUBLISHING] = publishing;
  agent.addRequest = method;
  return publishing;
}
