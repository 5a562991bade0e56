/** What `yeoul seed --demo` writes: people, rooms and messages to look at. */

export interface DemoMessage {
  /** Index into DEMO_PEOPLE. */
  from: number
  body: string
  /** Minutes since the message before; one when left out. */
  pause?: number
  /** Index of the message in this room that it answers. */
  answers?: number
  /** Emoji and who reacted. */
  reactions?: [emoji: string, by: number[]][]
  /** What the body becomes afterwards. */
  edited?: string
  deleted?: true
}

export interface DemoRoom {
  kind: 'open' | 'group' | 'direct'
  title: string
  capacity?: number
  /** Who belongs to it; the first one owns it. */
  people: number[]
  /** Minutes since its last message. */
  quiet: number
  /** How many of the last messages somebody has not read. Everybody else has read all. */
  unread?: [person: number, messages: number][]
  messages: DemoMessage[]
}

const HOUR = 60
const DAY = 24 * HOUR

export const DEMO_PEOPLE = [
  { username: 'demo-seoyeon', displayName: '김서연' },
  { username: 'demo-minjun', displayName: '이민준' },
  { username: 'demo-jiwoo', displayName: '박지우' },
  { username: 'demo-emma', displayName: 'Emma Clarke' },
  { username: 'demo-noah', displayName: 'Noah Fischer' },
  { username: 'demo-haeun', displayName: '최하은' },
  { username: 'demo-taeo', displayName: '정태오' },
  { username: 'demo-sofia', displayName: 'Sofia Rossi' },
] as const

export const DEMO_ROOMS: DemoRoom[] = [
  {
    kind: 'open',
    title: '여울에 오신 것을 환영합니다',
    people: [0, 1, 2, 3, 4, 5, 6, 7],
    quiet: 2 * DAY,
    messages: [
      {
        from: 0,
        body: '안녕하세요! 여울에 오신 것을 환영합니다 👋',
        reactions: [
          ['👋', [1, 2, 3, 4]],
          ['🎉', [3]],
        ],
      },
      { from: 0, body: '여울은 물살이 빠른 여울목에서 온 이름이에요. 메시지도 그만큼 빨라요.' },
      {
        from: 1,
        body: '오, 한글 입력할 때 엔터를 눌러도 두 번 보내지지 않네요.',
        reactions: [['👍', [0, 2]]],
        pause: 4,
      },
      { from: 3, body: 'Hello everyone! Is it fine to write in English here?', pause: 30 },
      {
        from: 0,
        body: '@demo-emma Of course. Korean and English are both welcome.',
        answers: 3,
        reactions: [['❤️', [3]]],
      },
      {
        from: 4,
        body: 'My train went through a tunnel and nothing was lost. Nice.',
        reactions: [['🚆', [2, 3]]],
        pause: 90,
      },
      { from: 2, body: '저도요! 지하철에서 끊겼다가 다시 들어왔는데 그대로 이어졌어요.', answers: 5, pause: 6 },
    ],
  },
  {
    kind: 'open',
    title: '여울 만드는 사람들',
    people: [0, 1, 2, 5, 6, 3],
    quiet: 3,
    unread: [[0, 3]],
    messages: [
      {
        from: 5,
        body: '이번 주 할 일을 정리했어요.\n\n1. 첫 화면 빠르게 열기\n2. 전화기에서 이모지 고르기\n3. 안내 글 다듬기',
      },
      {
        from: 1,
        body: '**1번**은 제가 맡을게요. 어제 재 보니 0.4초였습니다.',
        reactions: [['🙌', [0, 2, 5]]],
        pause: 3,
      },
      { from: 6, body: '저는 2번이요!', pause: 1 },
      { from: 0, body: '그럼 안내 글은 제가 볼게요. 금요일까지 초안을 올릴게요.', pause: 2 },
      {
        from: 2,
        body: '어제 손님이 남긴 말이에요.\n\n> 지하철에서 끊겼는데 다시 들어오니 그대로 이어져서 놀랐어요.\n\n이럴 때 보람을 느낍니다.',
        reactions: [
          ['❤️', [0, 1, 5, 6]],
          ['🥹', [3]],
        ],
        pause: 20 * HOUR,
      },
      { from: 5, body: '와, 정말 기쁜 소식이네요.', pause: 2 },
      {
        from: 1,
        body: '참, 서버를 이렇게 켜면 끝이라 처음 오신 분도 금방 해 보세요.\n\n```\nnpm ci && npm start\n```',
        pause: 35,
      },
      { from: 0, body: '설치가 두 줄이면 충분하네요 😄', answers: 6, reactions: [['👍', [1, 6]]], pause: 2 },
      {
        from: 6,
        body: '이모지 고르기, 방금 스테이징에 올렸습니다. `Ctrl+K`로 대화방도 바로 옮겨 다닐 수 있어요.',
        pause: 41,
      },
      { from: 0, body: '확인해 볼게요!', pause: 2 },
      {
        from: 5,
        body: '@demo-seoyeon 안내 글 초안 잘 읽었어요. 두 번째 문단만 조금 줄이면 좋겠습니다.',
        reactions: [['🙏', [6]]],
        pause: 6,
      },
      { from: 2, body: '저도 방금 읽었는데 아주 좋아요. 사진이 하나 있으면 더 좋겠네요.', pause: 1 },
      { from: 1, body: '그럼 오후 4시에 짧게 모여서 마무리할까요?', pause: 2 },
    ],
  },
  {
    kind: 'open',
    title: '점심 뭐 먹지 🍜',
    people: [1, 0, 2, 5, 6],
    quiet: 2 * HOUR + 20,
    unread: [[0, 1]],
    messages: [
      { from: 1, body: '오늘 점심 뭐 먹을까요?' },
      { from: 2, body: '비 오는데 칼국수 어때요?', reactions: [['🍜', [0, 1]]], pause: 2 },
      { from: 0, body: '좋아요. 12시에 1층에서 만나요.', edited: '좋아요. 12시 10분에 1층에서 만나요.', answers: 1 },
      { from: 1, body: '아 지갑 두고 왔다…', deleted: true, pause: 3 },
      { from: 2, body: '우산 챙기세요 ☔', pause: 4 },
    ],
  },
  {
    kind: 'open',
    title: 'Release talk',
    people: [3, 4, 0, 7],
    quiet: 9,
    unread: [
      [0, 2],
      [3, 2],
    ],
    messages: [
      { from: 3, body: 'The new build is on staging. Please try the emoji picker when you have five minutes.' },
      {
        from: 4,
        body: 'Looks good here:\n- rooms open at once\n- history scrolls without a jump\n- dark mode follows the system',
        reactions: [['👏', [3, 7]]],
        pause: 12,
      },
      { from: 0, body: '스테이징에서 한국어 화면도 확인했어요. 문제 없습니다.', reactions: [['✅', [3, 4]]], pause: 5 },
      { from: 7, body: 'The **dark theme** is my favourite so far. Calm, and every name stays readable.', pause: 30 },
      { from: 3, body: 'Noted for the release notes, thank you!', pause: 1 },
      {
        from: 4,
        body: 'One question on the way in. Is this still how we check a backup?\n\n```\nyeoul backup ./copy.db\nyeoul verify --data ./copy.db\n```',
        pause: 14 * HOUR,
      },
      {
        from: 3,
        body: 'Yes. `verify` audits every room: no hole, nothing twice.',
        answers: 5,
        reactions: [['💯', [4, 7]]],
        pause: 4,
      },
      { from: 7, body: 'I wrote the draft of the announcement: https://example.com/notes/autumn', pause: 21 },
      { from: 3, body: 'Reading it now.', pause: 2 },
      {
        from: 4,
        body: '@demo-emma shall we ship it tomorrow morning?',
        reactions: [['🚀', [7, 0]]],
        pause: 18,
      },
      { from: 7, body: 'I am here from nine and can watch the figures.', pause: 1 },
    ],
  },
  {
    kind: 'group',
    title: '주말 등산 모임',
    people: [2, 0, 1, 4],
    quiet: 20 * HOUR,
    messages: [
      { from: 2, body: '토요일 북한산 어떠세요? 아침 8시 구파발역 3번 출구요.' },
      { from: 0, body: '저는 갈게요!', reactions: [['⛰️', [2, 1]]], pause: 3 },
      { from: 4, body: 'Count me in. Should I bring anything?', answers: 0, pause: 12 },
      {
        from: 2,
        body: 'Just water and good shoes. 김밥은 제가 준비할게요.',
        reactions: [['🍙', [0, 1, 4]]],
        pause: 2,
      },
    ],
  },
  {
    kind: 'open',
    title: 'Design studio',
    people: [7, 3, 4, 5],
    quiet: 26 * HOUR,
    messages: [
      { from: 7, body: 'Three directions for the icon are up. Which one reads best when it is small?' },
      { from: 5, body: '두 번째가 작아도 잘 보여요. The glint is lovely.', reactions: [['✨', [7, 3]]], pause: 8 },
      { from: 3, body: 'Second one for me, too.', answers: 0, pause: 3 },
      { from: 7, body: 'Then it is settled. Thank you!', pause: 2 },
    ],
  },
  {
    kind: 'direct',
    title: '1:1',
    people: [0, 1],
    quiet: 47,
    messages: [
      { from: 1, body: '서연님, 내일 발표 자료 한번 봐 주실 수 있을까요?' },
      { from: 0, body: '그럼요. 오후에 보고 말씀드릴게요.', pause: 4 },
      { from: 1, body: '고맙습니다 🙏', pause: 1 },
    ],
  },
  {
    kind: 'direct',
    title: '1:1',
    people: [3, 4],
    quiet: HOUR + 5,
    unread: [[3, 1]],
    messages: [
      { from: 3, body: 'Are you still in Berlin next week?' },
      { from: 4, body: 'Until Wednesday. Lunch on Tuesday?', pause: 9 },
    ],
  },
  {
    kind: 'open',
    title: 'Book club',
    capacity: 3,
    people: [4, 7, 2],
    quiet: 3 * DAY,
    messages: [{ from: 4, body: 'Next month: The Living Mountain, by Nan Shepherd.' }],
  },
  {
    kind: 'open',
    title: '새벽 달리기 🏃',
    capacity: 30,
    people: [5, 6],
    quiet: 5 * DAY,
    messages: [
      { from: 6, body: '내일은 한강에서 6시에 모여요.' },
      { from: 5, body: '비가 오면 쉬는 걸로 해요.', pause: 7 },
    ],
  },
]
