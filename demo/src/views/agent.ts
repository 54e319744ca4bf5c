import Bowser from 'bowser';

export interface Agent {
  readonly name: string;
  readonly mobile: boolean;
}

const UNKNOWN: Agent = { name: 'Unknown browser', mobile: false };

/** A few words for a device list; what a browser says of itself proves nothing. */
export function describeAgent(userAgent: string | null): Agent {
  if (!userAgent) return UNKNOWN;
  const { browser, os, platform } = Bowser.parse(userAgent);
  const system = os.name === 'iOS' ? (platform.model ?? os.name) : os.name;
  const name = browser.name || UNKNOWN.name;
  return {
    name: system === undefined ? name : `${name} on ${system}`,
    mobile: platform.type === 'mobile' || platform.type === 'tablet',
  };
}
