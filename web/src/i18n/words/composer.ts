export const composer = {
  'composer.label': { en: 'Message to {title}', ko: '‘{title}’에 보낼 메시지' },
  'composer.placeholder': { en: 'Write a message', ko: '메시지를 입력하세요' },
  'composer.send': { en: 'Send', ko: '보내기' },
  'composer.emoji': { en: 'Insert an emoji', ko: '이모지 넣기' },
  'composer.replying': { en: 'Replying to {name}', ko: '{name}님에게 답장하는 중' },
  'composer.editing': { en: 'Editing your message', ko: '메시지를 수정하는 중' },
  'composer.cancel': { en: 'Cancel', ko: '취소' },
  'composer.save': { en: 'Save', ko: '저장' },
  'composer.left': { en: '{count} characters left', ko: '{count}자 남음' },
  'composer.tooLong': { en: '{count} characters too many', ko: '{count}자 초과' },
  'composer.hint': {
    en: 'Enter sends, Shift+Enter makes a new line',
    ko: 'Enter로 보내고 Shift+Enter로 줄을 바꿉니다',
  },
  'composer.hint.line': {
    en: 'Enter makes a new line, {send} sends',
    ko: 'Enter로 줄을 바꾸고 {send} 키로 보냅니다',
  },
  'composer.mentions': { en: 'People to mention', ko: '부를 사람' },
  'emoji.title': { en: 'Emoji', ko: '이모지' },
  'emoji.more': { en: 'More emoji', ko: '이모지 더 보기' },
} as const
