export const app = {
  'app.tagline': { en: 'Where the talk runs fast', ko: '이야기가 빠르게 흐르는 곳' },
  'app.loading': { en: 'Opening…', ko: '여는 중…' },
  'app.skip': { en: 'Skip to the message box', ko: '메시지 입력창으로 바로 가기' },
  'app.adminsOnly.title': { en: 'This part is for administrators', ko: '관리자만 볼 수 있습니다' },
  'app.adminsOnly.body': {
    en: 'Ask an administrator of this server if you need something changed here.',
    ko: '바꿀 것이 있으면 이 서버의 관리자에게 부탁하세요.',
  },
} as const
