import { MemoryStage } from './memory-stage.ts';
import { modelSuite } from './suite.ts';

modelSuite('memory', async () => new MemoryStage(), { runs: 6500, pairs: true });
