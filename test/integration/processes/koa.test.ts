import { processSuite } from './suite.ts';

processSuite('koa');
