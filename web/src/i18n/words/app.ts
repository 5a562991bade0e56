export const app = {
  'app.tagline': { en: 'Where the talk runs fast', ko: '이야기가 빠르게 흐르는 곳' },
  'app.loading': { en: 'Opening…', ko: '여는 중…' },
  'app.skip': { en: 'Skip to the message box', ko: '메시지 입력창으로 바로 가기' },
  'app.lost.title': { en: 'There is nothing here', ko: '찾을 수 없는 주소입니다' },
  'app.lost.body': {
    en: 'The address may be mistyped, or what was here is gone.',
    ko: '주소가 잘못되었거나 없어진 곳입니다.',
  },
  'app.lost.home': { en: 'To the rooms', ko: '대화방으로 가기' },
  'app.description': {
    en: 'Yeoul: real-time chat on a server of your own. Fast, and nothing is lost.',
    ko: '여울: 내 서버에서 쓰는 실시간 대화. 빠르고, 아무것도 잃지 않습니다.',
  },
  'app.adminsOnly.title': { en: 'This part is for administrators', ko: '관리자만 볼 수 있습니다' },
  'app.adminsOnly.body': {
    en: 'Ask an administrator of this server if you need something changed here.',
    ko: '바꿀 것이 있으면 이 서버의 관리자에게 부탁하세요.',
  },
} as const
