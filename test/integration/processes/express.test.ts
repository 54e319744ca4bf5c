import { processSuite } from './suite.ts';

processSuite('express');
