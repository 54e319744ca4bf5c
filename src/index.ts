export {
  createCreationTimeAwareSessionFactory,
  createSessionFactory,
  SessionFactory,
  sharedFactory,
  type OptionsSource,
} from './factory.ts';
export {
  WebsaunaSession,
  type CsrfOptions,
  type LogoutOptions,
  type RotateOptions,
  type SessionConstructor,
} from './session/session.ts';
export { inspectCookie, type CookieInspection, type ReceivedCookie } from './session/cookie-inspection.ts';
export type { BeginLoginOptions, LoginOptions } from './session/login.ts';
export type { EndedSession } from './engine/explanation.ts';
export type { AuditEvent, ExplainedReason } from './stores/store.ts';
export type { PendingLoginInfo } from './engine/pending-login.ts';
export type { WebsaunaSession as Session } from './session/session.ts';
export type { ClientDetailMode } from './engine/config.ts';
export type {
  AuditOptions,
  ClientDetailOptions,
  CookieOptions,
  IgnoreOptions,
  SessionOptions,
  StatsOptions,
} from './options/options.ts';
export type { DefaultData, SessionData } from './session/data.ts';
export {
  SessionError,
  type FieldIssue,
  type SessionErrorCode,
  type SessionErrorOptions,
  type WatchedEndReason,
} from './errors.ts';
export type { FieldSchema, FieldSchemaResult, FieldSchemas, SchemaData } from './engine/field-schema.ts';
export type {
  CookieSuppressionReason,
  CookieWarningReason,
  DiscardReason,
  EndReason,
  RefusalReason,
  RejectReason,
  SessionEventName,
  SessionEvents,
  SessionListener,
} from './events.ts';
export { SESSION_INVALIDATED } from './engine/field-names.ts';
export { ignoreSession, NO_SESSION_FILE_EXTENSIONS, STATIC_FILE_EXTENSIONS } from './options/ignore.ts';
export type { Audit, AuditEntry, AuditReadOptions } from './admin/audit.ts';
export type { ForeignEvent, ForeignEventListener } from './admin/events.ts';
export type { EndOptions, HasHandle, OwnedSession, Owners, RevokeOptions } from './admin/owners.ts';
export type {
  DestroyOptions,
  FieldLookup,
  PurgeOptions,
  SessionLookup,
  Sessions,
  StoredField,
} from './admin/sessions.ts';
export type { PeriodCount, SessionStats, StatsReadOptions } from './admin/stats.ts';
export type { StoredSession } from './admin/stored-session.ts';
export type { Exchange, ResponseCookie, ResponseHead } from './exchange.ts';
export type { Serializer, SerializerContext } from './serializers/serializer.ts';
export type { SessionPolicy } from './options/policy.ts';
export { AAL1, AAL2, AAL3, assuranceLevels, type SessionLimits } from './options/presets.ts';
export { sessionOptionsFromEnv, sessionOptionsFromSettings, type ModuleLoader } from './options/settings.ts';
export type {
  RedisCacheOptions,
  RedisClient,
  RedisClientOption,
  RedisLibrary,
  RedisOptions,
  RedisPoolOptions,
} from './stores/redis/index.ts';
