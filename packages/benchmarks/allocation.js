// How many bytes are allocated on V8's heap in a while, of which most are freed in it again.
import { GCProfiler } from 'node:v8';

const profiler = new GCProfiler();
let before;

export function startCounting() {
  profiler.start();
  before = process.memoryUsage().heapUsed;
}

/** The bytes since {@link startCounting}: between collections the heap only grows. */
export function stopCounting() {
  const now = process.memoryUsage().heapUsed;
  let used = before;
  let bytes = 0;
  for (const { beforeGC, afterGC } of profiler.stop().statistics) {
    bytes += beforeGC.heapStatistics.usedHeapSize - used;
    used = afterGC.heapStatistics.usedHeapSize;
  }
  return bytes + now - used;
}
