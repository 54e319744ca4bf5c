import { SessionError } from '../../errors.ts';
import type { Exchange } from '../../exchange.ts';
import type { SessionFactory } from '../../factory.ts';
import type { WebsaunaSession } from '../../session/session.ts';
import { isControlFlow, returned, thrown, type Answer } from './answer.ts';
import { cancelBody } from './cancel-body.ts';
import { FetchHead } from './head.ts';

/** Makes the response of an error; absent where the platform does. */
export type ErrorResponder = ((error: unknown) => Response | Promise<Response>) | undefined;

/** Is called with the head of a response once the session's headers are in it, and may add others. */
export type HeadObserver = (head: FetchHead) => void;

/**
 * Opens the session of a request, runs its handler and commits the session to the response, returned or thrown.
 * Rejects with what the handler threw, unless the error responder, or the session's own error, answers it.
 */
export async function serveRequest<
  Data extends object,
  S extends WebsaunaSession<Data>,
  R extends Response | undefined = Response,
>(
  factory: SessionFactory<Data, S>,
  exchange: Exchange,
  handler: (session: S) => R | Promise<R>,
  onError: ErrorResponder,
  onHead?: HeadObserver,
): Promise<R | Response> {
  let session: S;
  try {
    session = await factory.load(exchange);
  } catch (error) {
    return await errorResponse(error, onError);
  }
  let answer: Answer<R | Response>;
  try {
    answer = returned(await handler(session));
  } catch (error) {
    answer = await answerThrown(error, onError);
  }
  const { head } = answer;
  try {
    await factory.commit(session, head);
    // The last point that this adapter has.
    if (head instanceof FetchHead) {
      if (head.cookieAdded) factory.finalize(session, head);
      onHead?.(head);
    }
  } catch (error) {
    if (head instanceof FetchHead) cancelBody(head.response);
    const failed = new FetchHead(await errorResponse(error, onError));
    await factory.commit(session, failed);
    return failed.response;
  }
  return answer.deliver();
}

async function answerThrown(error: unknown, onError: ErrorResponder): Promise<Answer<Response>> {
  if (isControlFlow(error)) return thrown(error);
  try {
    return returned(await errorResponse(error, onError));
  } catch (cause) {
    return thrown(cause);
  }
}

async function errorResponse(error: unknown, onError: ErrorResponder): Promise<Response> {
  if (onError !== undefined) return await onError(error);
  if (!(error instanceof SessionError)) throw error;
  return error.getResponse();
}
