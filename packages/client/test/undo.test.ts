import diagnosticsChannel from 'node:diagnostics_channel';
import http from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Telemetry, until } from '@otel-middleware/conformance';
import { instrumentFetch, instrumentHttpClients } from '../src/index.js';
import { clients } from './clients.js';
import { Origin } from './origin.js';
import { recordingTo, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());

const channels = [
  'undici:request:create',
  'undici:client:sendHeaders',
  'undici:request:headers',
  'undici:request:error',
  'http.client.request.created',
  'http.client.request.start',
  'http.client.response.finish',
  'http.client.request.error',
];
const subscribed = () => channels.filter((name) => diagnosticsChannel.hasSubscribers(name));
const agents: object[] = [http.globalAgent, https.globalAgent];
const describeAgents = () => agents.map((agent) => Object.getOwnPropertyDescriptor(agent, 'addRequest'));
const seen = clients.filter(({ by }) => by === 'instrumentHttpClients');

test('[client:undo] disabling takes every subscription and every method back, and can be done twice', () => {
  const before = [subscribed(), describeAgents()];
  expect(before).toEqual([[], [undefined, undefined]]);
  const first = instrumentHttpClients();
  const second = instrumentHttpClients();
  expect(subscribed().length).toBeGreaterThan(6);
  first.disable();
  first.disable();
  expect(subscribed().length).toBeGreaterThan(6);
  second.disable();
  expect([subscribed(), describeAgents()]).toEqual(before);
});

test('[client:undo] a method that the application gave to an agent comes back', () => {
  const own = http.Agent.prototype as unknown as { addRequest: (...args: unknown[]) => void };
  const addRequest = function (this: unknown, ...args: unknown[]): void {
    own.addRequest.apply(this, args);
  };
  Object.defineProperty(http.globalAgent, 'addRequest', {
    value: addRequest,
    configurable: true,
    writable: true,
  });
  const before = describeAgents();
  instrumentHttpClients().disable();
  const after = describeAgents();
  Reflect.deleteProperty(http.globalAgent, 'addRequest');
  expect(after).toEqual(before);
  expect(after[0]?.value).toBe(addRequest);
});

test('[client:undo] what somebody puts on top of an agent in between goes on working', async () => {
  const telemetry = new Telemetry();
  const agent = http.globalAgent as unknown as { addRequest: (...args: unknown[]) => void };
  const { disable } = instrumentHttpClients(recordingTo(telemetry));
  const below = agent.addRequest;
  let passed = 0;
  const onTop = (...args: unknown[]): void => {
    passed++;
    below.apply(agent, args);
  };
  agent.addRequest = onTop;
  disable();
  const { status } = await clients.find(({ name }) => name === 'node:http')!.ask(`${origin.url}/ok`);
  expect([status, passed, agent.addRequest === onTop, telemetry.ended.length]).toEqual([200, 1, true, 0]);
  Reflect.deleteProperty(agent, 'addRequest');
});

describe.each(seen)('$name', (client) => {
  test('[client:undo] afterwards nothing is traced or sent, and it can be switched on again', async () => {
    const telemetry = new Telemetry();
    origin.received.length = 0;
    for (const _ of [1, 2]) {
      const { disable } = instrumentHttpClients(recordingTo(telemetry));
      await client.ask(`${origin.url}/ok`);
      disable();
      await client.ask(`${origin.url}/ok`);
    }
    expect(telemetry.ended).toHaveLength(2);
    expect(origin.received.map(({ headers }) => typeof headers.traceparent)).toEqual([
      'string',
      'undefined',
      'string',
      'undefined',
    ]);
  });

  test('[client:undo] the span of a request that is under way still ends, and then nothing is left', async () => {
    const telemetry = new Telemetry();
    const { disable } = instrumentHttpClients(recordingTo(telemetry));
    const asked = client.ask(`${origin.url}/late?millis=50`);
    await until(
      () => telemetry.open.size === 1,
      () => 'the request to start',
    );
    disable();
    await client.ask(`${origin.url}/ok`);
    await asked;
    expect(telemetry.ended.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([200]);
    await until(
      () => subscribed().length === 0,
      () => 'the subscriptions to go',
    );
  });
});

test('[client:undo] a wrapped fetch leaves the original as it was, with its name, length and properties', () => {
  async function fetchShelf(path: string): Promise<Response> {
    return fetch(origin.url + path);
  }
  const original = Object.assign(fetchShelf, { preconnect: () => 'connected' });
  const keys = Reflect.ownKeys(original);
  const wrapped = instrumentFetch(original);
  expect([wrapped.name, wrapped.length, wrapped.preconnect()]).toEqual(['fetchShelf', 1, 'connected']);
  expect(Reflect.ownKeys(original)).toEqual(keys);
});
