// What it costs a Cluster that ends of sessions are published to all its nodes, as PUBLISH does, beside what sharded
// messages (SPUBLISH, Redis 7) would cost: they stay on the node that has the slot of their channel, so there would be a
// channel for each owner, with a subscription for each owner that has sockets.
//
//   node bench/ends-on-cluster.mjs [messages] [owners with sockets]
import { during, memoryOf, openCluster } from './scale/server.mjs';

const [messages = 20_000, owners = 5000] = process.argv.slice(2).map(Number);
const BATCH = 200;
/** As long as what a logout publishes. */
const MESSAGE = `ended logout ${'h'.repeat(43)}`;
const SCRIPTS = {
  nothing: "redis.call('HGET', KEYS[1], '@') return 1",
  PUBLISH: "redis.call('HGET', KEYS[1], '@') redis.call('PUBLISH', ARGV[1], ARGV[2]) return 1",
  SPUBLISH: "redis.call('HGET', KEYS[1], '@') redis.call('SPUBLISH', ARGV[1], ARGV[2]) return 1",
};
/** A hash tag whose slot the first node has, however many nodes there are: slot 0. */
const TAG = '{06S}';

/** Runs a script many times on the first of the nodes; returns each node's CPU, in microseconds for each message. */
async function measure(servers, name) {
  const [{ client }] = servers;
  const channel = name === 'SPUBLISH' ? `session:${TAG}:ends` : 'session:ends';
  const command = ['EVAL', SCRIPTS[name], '1', `session:${TAG}:handle`, channel, MESSAGE];
  const act = async () => {
    for (let sent = 0; sent < messages; sent += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, () => client.sendCommand(command)));
    }
    // The bus may be behind.
    await new Promise((resolve) => setTimeout(resolve, 500));
  };
  await act();
  const { cpus } = await during(servers, act);
  return cpus.map((cpu) => cpu / messages);
}

async function measureMessages(masters) {
  const servers = await openCluster(masters);
  try {
    const idle = await measure(servers, 'nothing');
    for (const name of ['PUBLISH', 'SPUBLISH']) {
      const [own, ...others] = (await measure(servers, name)).map((cpu, at) => cpu - idle[at]);
      const other = others.reduce((sum, cpu) => sum + cpu, 0) / others.length;
      console.log(
        `${masters} masters, ${name}: ${own.toFixed(1)} µs of the node that publishes, ${other.toFixed(1)} µs of each other one`,
      );
    }
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** What a process with sockets of many owners would have to do on each connection to a master. */
async function measureSubscriptions() {
  const [server, ...others] = await openCluster(3);
  try {
    const subscriber = server.client.duplicate();
    await subscriber.connect();
    const before = await memoryOf(server);
    const start = performance.now();
    const channels = Array.from({ length: owners }, (_, i) => `session:${TAG}:ends:${i}`);
    await Promise.all(channels.map((channel) => subscriber.sSubscribe(channel, () => {})));
    const spent = performance.now() - start;
    const bytes = ((await memoryOf(server)) - before) / owners;
    console.log(
      `${owners} subscriptions, one for each owner: ${spent.toFixed(0)} ms after every reconnection, ${bytes.toFixed(0)} bytes of the server each; by PUBLISH, one`,
    );
    subscriber.destroy();
  } finally {
    for (const each of [server, ...others]) await each.stop();
  }
}

for (const masters of [3, 6]) await measureMessages(masters);
await measureSubscriptions();
