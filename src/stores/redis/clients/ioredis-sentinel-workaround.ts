/** The members that are used of a client of ioredis. The last two are not documented, so they may be missing. */
interface Client {
  on?(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  /** Whether the application has closed it. */
  readonly manuallyClosing?: boolean;
  /** `connecting` is false once an attempt to connect was abandoned. */
  readonly connector?: { readonly connecting: boolean };
}

/**
 * Connects a Sentinel client of ioredis again when it has ended without being closed by the application; does
 * nothing to other clients. A client with `failoverDetector` that has lost its master asks a sentinel for another
 * one. If the sentinels announce the successor meanwhile, ioredis abandons this attempt as if the client had been
 * closed, and makes no other.
 */
export function reconnectAfterAnnouncement(given: object): void {
  const client = given as Client;
  let connecting = false;
  client.on?.('connecting', () => (connecting = true));
  for (const event of ['connect', 'close']) client.on?.(event, () => (connecting = false));
  client.on?.('end', () => {
    if (!connecting || client.manuallyClosing !== false || client.connector?.connecting !== false) return;
    client.connect().catch(() => {});
  });
}
