import { getSession } from '@/lib/session';

/** Shows the messages that the last action has left, once. */
export async function Flash() {
  const messages = await (await getSession()).takeFlash();
  return messages.map((message, index) => (
    <p role="status" key={index}>
      {String(message)}
    </p>
  ));
}
