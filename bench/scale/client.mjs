// A process of an application, controlled by messages.
import { Site } from './site.mjs';

const site = await Site.open({ url: process.argv[2] });

process.on('message', async ({ act, cookies, amount }) => {
  process.send(await site.load(act, cookies, amount));
});
process.once('disconnect', () => process.exit());
process.send('ready');
