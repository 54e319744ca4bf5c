// OpenTelemetry as an application has it: the SDK, every span recorded, and exporters to a collector over OTLP, in batches.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { context, diag, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createSessionFactory } from 'websauna-session';
import { instrument } from 'websauna-session/otel';

/** Longer than the default of 2048, beyond which spans are dropped: to drop them would be cheaper than what is measured. */
const QUEUE = 200_000;

/** Returns a factory that reports to OpenTelemetry. */
export async function instrumentedFactory(options) {
  const collector = fork(new URL('collector.mjs', import.meta.url));
  const [port] = await once(collector, 'message');
  process.once('exit', () => collector.kill());
  const url = (signal) => `http://127.0.0.1:${port}/v1/${signal}`;
  // What is dropped or cannot be exported would be measured as if it cost nothing.
  const fail = (...words) => {
    process.stderr.write(`OpenTelemetry reports: ${words.join(' ')}\n`);
    process.exit(1);
  };
  diag.setLogger({ error: fail, warn: fail, info() {}, debug() {}, verbose() {} });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url('traces') }), { maxQueueSize: QUEUE })],
    }),
  );
  metrics.setGlobalMeterProvider(
    new MeterProvider({
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new OTLPMetricExporter({ url: url('metrics') }),
          exportIntervalMillis: 5000,
          exportTimeoutMillis: 5000,
        }),
      ],
    }),
  );
  const factory = createSessionFactory(options);
  instrument(factory);
  return factory;
}
