// A process of an application on a Cluster, with a crowd of visitors; controlled by messages.
import { Crowd } from './crowd.mjs';
import { Site } from './site.mjs';

const site = await Site.open(JSON.parse(process.argv[2]));
let crowd;

const ACTS = {
  async prepare(owners) {
    crowd = new Crowd(site, owners);
    await crowd.prepare();
  },
  start: () => crowd.start(),
  async stop() {
    await crowd.stop();
    return { tallies: crowd.tallies, wrong: crowd.wrong };
  },
};

process.on('message', async ({ act, owners }) => process.send({ result: await ACTS[act](owners) }));
process.once('disconnect', () => process.exit());
process.send('ready');
