/** Browsers by a mark in their `User-Agent`, the particular before those whose mark they carry too. */
const BROWSERS = [
  ['KAKAOTALK', 'KakaoTalk'],
  ['NAVER(inapp', 'Naver'],
  ['Whale/', 'Whale'],
  ['SamsungBrowser/', 'Samsung Internet'],
  ['Edg', 'Edge'],
  ['OPR/', 'Opera'],
  ['Vivaldi/', 'Vivaldi'],
  ['FxiOS/', 'Firefox'],
  ['Firefox/', 'Firefox'],
  ['CriOS/', 'Chrome'],
  ['Electron/', 'Electron'],
  ['HeadlessChrome/', 'Chrome'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const

const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['CrOS', 'ChromeOS'],
  ['Mac OS X', 'macOS'],
  ['Macintosh', 'macOS'],
  ['Linux', 'Linux'],
] as const

const PHONES: readonly string[] = ['iPhone', 'iPad', 'Android']

export interface DeviceName {
  name: string
  icon: 'laptop' | 'phone' | 'terminal'
}

/**
 * What to call a device, from its `User-Agent`: "Chrome · macOS"; of a program the name that it gives itself. Null when it
 * says nothing that a person would know it by.
 */
export function deviceName(agent: string | null): DeviceName | null {
  if (agent === null) return null
  const browser = named(BROWSERS, agent)
  const system = named(SYSTEMS, agent)
  if (browser === undefined && system === undefined) {
    const program = /^[\w.-]+/.exec(agent)?.[0]
    return program === undefined ? null : { name: program, icon: 'terminal' }
  }
  const icon = system !== undefined && PHONES.includes(system) ? 'phone' : 'laptop'
  return { name: [browser, system].filter((part) => part !== undefined).join(' · '), icon }
}

function named(marks: readonly (readonly [string, string])[], agent: string): string | undefined {
  return marks.find(([mark]) => agent.includes(mark))?.[1]
}
