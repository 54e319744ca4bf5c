import Bowser from 'bowser';

export interface BrowserName {
  readonly name: string;
  readonly mobile: boolean;
}

const UNKNOWN: BrowserName = { name: 'Unknown browser', mobile: false };

/** Returns a few words for a device list; what a browser says of itself proves nothing. */
export function browserName(userAgent: string | null): BrowserName {
  if (!userAgent) return UNKNOWN;
  const { browser, os, platform } = Bowser.parse(userAgent);
  const system = os.name === 'iOS' ? (platform.model ?? os.name) : os.name;
  const name = browser.name || UNKNOWN.name;
  return {
    name: system === undefined ? name : `${name} on ${system}`,
    mobile: platform.type === 'mobile' || platform.type === 'tablet',
  };
}
