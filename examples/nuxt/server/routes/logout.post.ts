export default defineEventHandler(async (event) => {
  await readForm(event);
  event.context.session.logout();
  return await sendRedirect(event, '/', 303);
});
