export const app = {
  'app.tagline': { en: 'Where the talk runs fast', ko: '이야기가 빠르게 흐르는 곳' },
  'app.loading': { en: 'Opening…', ko: '여는 중…' },
  'app.skip': { en: 'Skip to the message box', ko: '메시지 입력창으로 바로 가기' },
} as const
