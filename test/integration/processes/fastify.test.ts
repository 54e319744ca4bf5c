import { processSuite } from './suite.ts';

processSuite('fastify');
