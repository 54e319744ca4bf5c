import { MemoryEnvironment } from './memory-environment.ts';
import { modelSuite } from './suite.ts';

modelSuite('memory', async () => new MemoryEnvironment(), { runs: 4000, pairs: true });
