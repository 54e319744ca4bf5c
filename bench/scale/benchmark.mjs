// One server at its limit, by redis-benchmark.
import { scripts } from '../../dist/stores/redis/scripts.generated.js';
import { during, run } from './server.mjs';

/** Makes sure that the server knows one of the scripts; returns its SHA-1. */
export async function sha(client, name) {
  return await client.scriptLoad(scripts[name].source);
}

/**
 * Has `amount` commands carried out, with numbers below `count` in place of `__rand_int__`.
 * @returns CPU µs of the server for each, commands per second, and the share of the time that the server was busy
 */
export async function benchmark(server, words, { amount, count, connections = 50 }) {
  const sizes = ['-n', amount, '-r', count, '-c', connections].map(String);
  const args = ['-p', String(server.port), ...sizes, '--csv', ...words];
  const { result, cpus, stats } = await during(server, () => run('redis-benchmark', args));
  // The first line names the columns; the command may itself have commas.
  const perSecond = Number(/","([\d.]+)","[\d.]+","[\d.]+","[\d.]+","[\d.]+","[\d.]+","[\d.]+"\s*$/.exec(result)?.[1]);
  const calls = stats[0].get(words[0].toLowerCase())?.calls;
  if (!(perSecond > 0) || calls !== amount) throw new Error(`redis-benchmark failed: ${result}`);
  return { cpu: cpus[0] / amount, perSecond, busy: cpus[0] / ((amount / perSecond) * 1e6) };
}
