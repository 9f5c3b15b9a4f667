import type { Requirement } from './requirement.js';
import { family } from './requirement.js';
import { SOURCES } from './source-links.js';

/** WebSockets. */
export const ws: readonly Requirement[] = family('ws', ['ws'], {
  handshake: [
    'A handshake is one server span with the status that it was answered with, ended when it is over, also when it failed.',
    SOURCES.webSocket,
  ],
  messages: [
    'Hooks see each frame; spans per message are opt-in and linked to the handshake; closed sockets leave nothing behind.',
    SOURCES.webSocket,
  ],
});
