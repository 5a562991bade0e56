/** Strings of the administration, which most people never load. */
export const admin = {
  'admin.title': { en: 'Administration', ko: '관리' },
  'admin.page.overview': { en: 'Overview', ko: '현황' },
  'admin.page.users': { en: 'Users', ko: '사용자' },
  'admin.page.rooms': { en: 'Rooms', ko: '대화방' },
  'admin.page.nodes': { en: 'Nodes', ko: '노드' },
  'admin.page.config': { en: 'Configuration', ko: '설정값' },
  'admin.page.parked': { en: 'Parked entries', ko: '보류된 항목' },
} as const
