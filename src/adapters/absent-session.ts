/**
 * Puts into the place of a session a property that throws when it is read. A page that is rendered at build time has
 * no visitor, and `undefined` there would say nothing of what is wrong.
 */
export function placeAbsentSession(holder: object, property: string, advice: string): void {
  Object.defineProperty(holder, property, {
    configurable: true,
    get() {
      throw new TypeError(`Expected \`${property}\` not to be used while a page is prerendered: ${advice}`);
    },
  });
}
