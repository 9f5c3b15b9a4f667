/** Starts telemetry as a side effect, by the environment alone: for `node --import` and `node --require`. */
import { initTelemetry } from './telemetry.js';

initTelemetry();
