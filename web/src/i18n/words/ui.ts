export const ui = {
  'ui.close': { en: 'Close', ko: '닫기' },
  'ui.cancel': { en: 'Cancel', ko: '취소' },
  'ui.save': { en: 'Save', ko: '저장' },
  'ui.retry': { en: 'Try again', ko: '다시 시도' },
  'ui.loading': { en: 'Loading…', ko: '불러오는 중…' },
  'ui.more': { en: 'Show more', ko: '더 보기' },
  'ui.failed': { en: 'That did not load.', ko: '불러오지 못했습니다.' },
  'ui.crashed': {
    en: 'The page ran into a fault of its own. Reload it; nothing that was sent is lost.',
    ko: '화면에 문제가 생겼습니다. 새로 고치세요. 보낸 글은 사라지지 않습니다.',
  },
  'ui.reload': { en: 'Reload', ko: '새로 고침' },
  'ui.you': { en: 'You', ko: '나' },
  'error.network': {
    en: 'The server cannot be reached. Check the connection and try again.',
    ko: '서버에 연결할 수 없습니다. 연결을 확인하고 다시 시도하세요.',
  },
  'error.retryAfter': {
    en: 'Try again in {seconds, plural, one {# second} other {# seconds}}.',
    ko: '{seconds}초 뒤에 다시 시도하세요.',
  },
} as const
