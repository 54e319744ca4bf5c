/**
 * The application's own types, by augmentation:
 *
 * @example
 * ```ts
 * declare module 'websauna-session' {
 *   interface SessionData {
 *     views: number;
 *   }
 * }
 * ```
 */
export interface SessionData {}

/** `SessionData` where the application has augmented it; any field, of type `unknown`, where not. */
export type DefaultData = [keyof SessionData] extends [never] ? Record<string, unknown> : SessionData;
