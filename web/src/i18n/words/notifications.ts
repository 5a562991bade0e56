export const notifications = {
  'notifications.many': {
    en: 'New messages in {count} rooms',
    ko: '대화방 {count}곳에 새 메시지가 있습니다',
  },
  'notifications.writes': { en: '{name} wrote a message', ko: '{name}님이 메시지를 보냈습니다' },
  'notifications.calls': { en: '{name} mentioned you', ko: '{name}님이 나를 불렀습니다' },
  'notifications.desktop': { en: 'On this device', ko: '이 기기에서' },
  'notifications.desktop.lead': {
    en: 'Hear of new messages in rooms that you are not looking at. This is for this browser only.',
    ko: '보고 있지 않은 대화방에 메시지가 오면 알려 드립니다. 이 브라우저에만 적용됩니다.',
  },
  'notifications.show': { en: 'Show notifications', ko: '알림 표시' },
  'notifications.show.lead': {
    en: 'A small window of your system, also while you work elsewhere.',
    ko: '다른 일을 하고 있어도 화면에 알림 창이 나타납니다.',
  },
  'notifications.sound': { en: 'Play a sound', ko: '소리' },
  'notifications.sound.lead': { en: 'A short, soft one.', ko: '짧고 부드러운 소리가 납니다.' },
  'notifications.sound.hear': { en: 'Hear it', ko: '들어 보기' },
  'notifications.hide': { en: 'Hide what was written', ko: '메시지 내용 숨기기' },
  'notifications.hide.lead': {
    en: 'A notification says who wrote, not what.',
    ko: '알림에 누가 보냈는지만 나오고 내용은 나오지 않습니다.',
  },
  'notifications.denied': {
    en: 'Your browser does not let this page notify you. Allow it in the browser’s settings for this site, beside the address, then come back here.',
    ko: '브라우저가 이 페이지의 알림을 막고 있습니다. 주소 옆의 사이트 설정에서 알림을 허용한 뒤 다시 와 주세요.',
  },
  'notifications.unsupported': {
    en: 'This browser cannot show notifications.',
    ko: '이 브라우저에서는 알림을 표시할 수 없습니다.',
  },
  'notifications.insecure': {
    en: 'Browsers show notifications only for pages that are served over HTTPS. Ask whoever runs this server.',
    ko: '브라우저는 HTTPS로 연 페이지에만 알림을 허용합니다. 서버를 운영하는 사람에게 문의해 주세요.',
  },
  'notifications.rooms': { en: 'Rooms with a level of their own', ko: '따로 정한 대화방' },
  'notifications.rooms.lead': {
    en: 'Every other room tells you of all its messages. Change it in the menu of a room.',
    ko: '그 밖의 대화방은 모든 메시지를 알려 드립니다. 대화방 메뉴에서 바꿀 수 있습니다.',
  },
  'notifications.rooms.none': {
    en: 'None yet: every room tells you of all its messages. Change it in the menu of a room.',
    ko: '아직 없습니다. 모든 대화방이 모든 메시지를 알려 드립니다. 대화방 메뉴에서 바꿀 수 있습니다.',
  },
  'notifications.level': { en: 'Notifications of {title}', ko: '‘{title}’의 알림' },
} as const
