export const connection = {
  'connection.connecting': { en: 'Connecting…', ko: '연결하는 중…' },
  'connection.offline': {
    en: 'No connection. What you write is kept and goes out later.',
    ko: '연결이 끊겼습니다. 쓴 글은 두었다가 나중에 보냅니다.',
  },
  'connection.retryIn': {
    en: 'No connection. Trying again in {seconds, plural, one {# second} other {# seconds}}.',
    ko: '연결이 끊겼습니다. {seconds}초 뒤에 다시 연결합니다.',
  },
  'connection.retryNow': { en: 'Try now', ko: '지금 연결' },
  'connection.recovering': { en: 'Fetching what you missed…', ko: '놓친 메시지를 가져오는 중…' },
  'connection.draining': {
    en: 'The server is restarting. Back in a moment.',
    ko: '서버가 다시 시작하는 중입니다. 곧 돌아옵니다.',
  },
} as const
