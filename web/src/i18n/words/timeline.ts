export const timeline = {
  'timeline.label': { en: 'Messages of {title}', ko: '‘{title}’의 메시지' },
  'timeline.start': { en: 'This is where “{title}” begins.', ko: '‘{title}’의 첫머리입니다.' },
  'timeline.empty.title': { en: 'Nothing said yet', ko: '아직 아무 말이 없습니다' },
  'timeline.empty.open': {
    en: 'Write the first message and give others the link. Whoever joins later can read everything.',
    ko: '첫 메시지를 남기고 링크로 사람들을 불러 보세요. 나중에 들어온 사람도 모두 읽을 수 있습니다.',
  },
  'timeline.empty.group': {
    en: 'Write the first message. Whoever is invited later can read it too.',
    ko: '첫 메시지를 남겨 보세요. 나중에 초대받은 사람도 읽을 수 있습니다.',
  },
  'timeline.empty.direct': {
    en: 'Only the two of you can read what is written here.',
    ko: '여기에 쓴 글은 두 사람만 볼 수 있습니다.',
  },
  'timeline.empty.write': { en: 'Write a message', ko: '메시지 쓰기' },
  'timeline.empty.link': { en: 'Copy the invite link', ko: '초대 링크 복사' },
  'timeline.loadingOlder': { en: 'Loading earlier messages…', ko: '이전 메시지를 불러오는 중…' },
  'timeline.olderFailed': { en: 'Earlier messages did not load.', ko: '이전 메시지를 불러오지 못했습니다.' },
  'timeline.newMessages': { en: 'New messages', ko: '여기부터 새 메시지' },
  'timeline.newBelow': { en: '{count, plural, one {# new message} other {# new messages}}', ko: '새 메시지 {count}개' },
  'timeline.toLatest': { en: 'To the latest', ko: '최신 메시지로' },
  'timeline.joined': { en: '{names} joined', ko: '{names}님이 들어왔습니다' },
  'timeline.joinedMany': {
    en: '{names} and {count, plural, one {one other} other {# others}} joined',
    ko: '{names}님 외 {count}명이 들어왔습니다',
  },
  'timeline.left': { en: '{names} left', ko: '{names}님이 나갔습니다' },
  'timeline.leftMany': {
    en: '{names} and {count, plural, one {one other} other {# others}} left',
    ko: '{names}님 외 {count}명이 나갔습니다',
  },
  'timeline.kicked': { en: '{name} was removed by {actor}', ko: '{actor}님이 {name}님을 내보냈습니다' },
  'timeline.banned': { en: '{name} was banned by {actor}', ko: '{actor}님이 {name}님을 차단했습니다' },
  'timeline.role.owner': { en: '{name} is now an owner', ko: '{name}님이 방장이 되었습니다' },
  'timeline.role.moderator': { en: '{name} is now a moderator', ko: '{name}님이 부방장이 되었습니다' },
  'timeline.role.member': { en: '{name} is now an ordinary member', ko: '{name}님이 일반 참여자가 되었습니다' },
  'timeline.renamed': {
    en: '{actor} changed the title to “{title}”',
    ko: '{actor}님이 제목을 ‘{title}’(으)로 바꾸었습니다',
  },
  'timeline.capacity': {
    en: '{actor} set the most members to {capacity}',
    ko: '{actor}님이 최대 인원을 {capacity}명으로 바꾸었습니다',
  },
  'timeline.capacity.none': { en: '{actor} removed the limit on members', ko: '{actor}님이 인원 제한을 없앴습니다' },
  'timeline.toFirstUnread': { en: 'To the first of {count} unread', ko: '안 읽은 메시지 {count}개의 처음으로' },
  'timeline.tooFar': {
    en: 'That message lies too far back to jump to.',
    ko: '너무 오래된 메시지라 바로 갈 수 없습니다.',
  },
  'timeline.said': { en: '{name}: {text}', ko: '{name}: {text}' },
} as const
