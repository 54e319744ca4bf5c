export { storeContract, type StoreCapabilities } from './store/contract.ts';
export type { StoreCheck, StoreHarness } from './store/check.ts';
export { adapterContract } from './adapter/contract.ts';
export type {
  AdapterApp,
  AdapterCheck,
  AdapterHarness,
  AnySession,
  LateHeaders,
  RouteAnswer,
  RouteHandler,
  RunningApp,
  SharedCache,
} from './adapter/check.ts';
export { interceptStore, type BeforeOperation } from './store/intercept.ts';
