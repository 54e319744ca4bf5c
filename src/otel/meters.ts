import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import { METRICS } from './names.ts';

/** Upper bounds in seconds: from a hit in memory to a timeout. */
const BOUNDARIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The instruments of a factory. */
export interface Meters {
  readonly events: Counter;
  readonly load: Histogram;
  readonly commit: Histogram;
  readonly store: Histogram;
  /** Stops the report of the circuit. */
  readonly stop: () => void;
}

/** @param isCircuitOpen is asked at each collection */
export function createMeters(meter: Meter, isCircuitOpen: () => boolean): Meters {
  const seconds = (name: string, description: string): Histogram =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } });
  const circuit = meter.createObservableGauge(METRICS.circuitOpen, {
    description: 'Whether requests fail at once because the store does not answer: 1 or 0',
    unit: '1',
  });
  const report: Parameters<typeof circuit.addCallback>[0] = (result) => result.observe(isCircuitOpen() ? 1 : 0);
  circuit.addCallback(report);
  return {
    events: meter.createCounter(METRICS.events, { description: 'Events of sessions, by reason', unit: '{event}' }),
    load: seconds(METRICS.loadDuration, 'Loads that asked the store'),
    commit: seconds(METRICS.commitDuration, 'Commits that asked the store'),
    store: seconds(METRICS.storeDuration, 'Operations of the store'),
    stop: () => circuit.removeCallback(report),
  };
}
