// What must hold before a version is released, as functions of plain values.

const SEMVER = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Returns the section of a version in a changelog: what stands behind its name, and its text; or `undefined`. */
export function changelogSection(changelog, version) {
  const lines = changelog.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith(`## [${version}]`));
  if (start === -1) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('## '));
  const body = lines.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  return {
    suffix: lines[start].slice(`## [${version}]`.length).replace(/^\s*-\s*/, ''),
    text: body.join('\n').trim(),
  };
}

/**
 * Returns the reasons why a version cannot be released, apart from its tests.
 *
 * @param state.version The version of package.json.
 * @param state.lockVersion That of package-lock.json.
 * @param state.changelog The text of CHANGELOG.md.
 * @param state.status What `git status --porcelain` prints.
 * @param state.tags Tags of the repository, with the commits that they are at.
 * @param state.head The commit to be released.
 * @param state.ref The tag that is being built, if one is.
 */
export function refusals({ version, lockVersion, changelog, status, tags, head, ref }) {
  const tag = `v${version}`;
  const found = [];
  if (!SEMVER.test(version)) found.push(`package.json has the version "${version}", which is no semantic version.`);
  if (lockVersion !== version) {
    found.push(`package-lock.json has the version ${lockVersion}, package.json ${version}: run \`npm install\`.`);
  }
  found.push(...changelogRefusals(changelogSection(changelog, version), version));
  if (status.trim() !== '') found.push(`The tree is dirty: commit or remove\n${status.trimEnd()}`);
  if (tags.has(tag) && tags.get(tag) !== head) found.push(`The tag ${tag} is at another commit: raise the version.`);
  if (ref !== undefined && ref !== tag) found.push(`The tag ${ref} is not that of package.json, ${tag}.`);
  return found;
}

function changelogRefusals(section, version) {
  if (section === undefined) return [`CHANGELOG.md has no section "## [${version}] - <date>".`];
  const found = [];
  if (!/^\d{4}-\d{2}-\d{2}$/.test(section.suffix)) {
    found.push(`The section of ${version} in CHANGELOG.md has no date: it says "${section.suffix}".`);
  }
  if (section.text === '') found.push(`The section of ${version} in CHANGELOG.md is empty.`);
  return found;
}

/** Files whose changes users notice. */
const NOTICED = [/^src\//, /^package\.json$/];

/** Returns whether a change of these files needs a line in the changelog, and has none. */
export function lacksChangelog(files) {
  return files.some((file) => NOTICED.some((pattern) => pattern.test(file))) && !files.includes('CHANGELOG.md');
}
