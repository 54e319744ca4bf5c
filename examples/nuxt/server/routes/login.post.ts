// A real application checks the password here.
export default defineEventHandler(async (event) => {
  const { user = '' } = await readForm(event);
  const { session } = event.context;
  session.login(user, { method: 'password' });
  session.flash(`Welcome, ${user}`);
  return await sendRedirect(event, '/', 303);
});
