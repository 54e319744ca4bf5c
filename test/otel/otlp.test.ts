import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, it } from 'vitest';
import { createSessionFactory } from 'websauna-session';
import { instrument } from 'websauna-session/otel';
import { Jar, visit } from '../support/visit.ts';

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Traces {
  readonly resourceSpans: {
    readonly scopeSpans: {
      readonly scope: { name: string };
      readonly spans: { name: string; attributes: KeyValue[] }[];
    }[];
  }[];
}
interface Metrics {
  readonly resourceMetrics: { readonly scopeMetrics: { readonly metrics: { name: string; unit?: string }[] }[] }[];
}

it('a collector receives spans and metrics over OTLP', async () => {
  const received = new Map<string, unknown>();
  const collector = createServer((request, response) => {
    void json(request).then((body) => {
      received.set(request.url!, body);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))],
  });
  const meterProvider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }),
        exportIntervalMillis: 3_600_000,
      }),
    ],
  });
  const factory = createSessionFactory({ secret: 'a secret that all processes of a site share' });
  const stop = instrument(factory, { tracerProvider, meterProvider });
  const jar = new Jar();
  await visit(factory, jar, (session) => session.login('alice'));
  const handle = await visit(factory, jar, (session) => session.handle);
  await Promise.all([tracerProvider.forceFlush(), meterProvider.forceFlush()]);
  stop();
  await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  collector.close();

  const [{ scope, spans }] = (received.get('/v1/traces') as Traces).resourceSpans[0]!.scopeSpans as [
    Traces['resourceSpans'][number]['scopeSpans'][number],
  ];
  expect(scope.name).toBe('websauna-session');
  expect(spans.map(({ name }) => name)).toEqual(['session.commit', 'session.load']);
  expect(spans[1]!.attributes).toContainEqual({ key: 'session.id', value: { stringValue: handle } });
  const { metrics } = (received.get('/v1/metrics') as Metrics).resourceMetrics[0]!.scopeMetrics[0]!;
  expect(Object.fromEntries(metrics.map(({ name, unit }) => [name, unit]))).toEqual({
    'websauna_session.events': '{event}',
    'websauna_session.load.duration': 's',
    'websauna_session.commit.duration': 's',
    'websauna_session.store.operation.duration': 's',
    'websauna_session.store.circuit.open': '1',
  });
});
