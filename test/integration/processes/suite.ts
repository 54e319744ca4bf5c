import { afterAll, beforeAll, describe } from 'vitest';
import { fields } from './fields.ts';
import { isolation } from './isolation.ts';
import { redirects } from './redirects.ts';
import { resurrection } from './resurrection.ts';
import { rotation } from './rotation.ts';
import { startPair, type Framework, type Pair } from './site.ts';

/** The consistency contract over HTTP, with two processes of one application on one Redis. */
export function processSuite(framework: Framework): void {
  describe(`two processes of ${framework}`, () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await startPair(framework);
    });
    afterAll(() => pair?.stop());

    for (const clauses of [resurrection, fields, redirects, rotation, isolation]) clauses(() => pair);
  });
}
