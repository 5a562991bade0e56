/** What `yeoul seed --demo` writes: people, rooms and messages to look at. */

export interface DemoMessage {
  /** Index into DEMO_PEOPLE. */
  from: number
  body: string
  /** Index of the message in this room that it answers. */
  answers?: number
  /** Emoji and who reacted. */
  reactions?: [emoji: string, by: number[]][]
  /** What the body becomes afterwards. */
  edited?: string
  deleted?: true
}

export interface DemoRoom {
  kind: 'open' | 'group'
  title: string
  /** Who belongs to it; the first one owns it. */
  people: number[]
  messages: DemoMessage[]
}

export const DEMO_PEOPLE = [
  { username: 'demo-seoyeon', displayName: '김서연' },
  { username: 'demo-minjun', displayName: '이민준' },
  { username: 'demo-jiwoo', displayName: '박지우' },
  { username: 'demo-emma', displayName: 'Emma Clarke' },
  { username: 'demo-noah', displayName: 'Noah Fischer' },
] as const

export const DEMO_ROOMS: DemoRoom[] = [
  {
    kind: 'open',
    title: '여울에 오신 것을 환영합니다',
    people: [0, 1, 2, 3, 4],
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
      { from: 1, body: '오, 한글 입력할 때 엔터를 눌러도 두 번 보내지지 않네요.', reactions: [['👍', [0, 2]]] },
      { from: 3, body: 'Hello everyone! Is it fine to write in English here?' },
      {
        from: 0,
        body: '@demo-emma Of course. Korean and English are both welcome.',
        answers: 3,
        reactions: [['❤️', [3]]],
      },
      { from: 4, body: 'My train went through a tunnel and nothing was lost. Nice.', reactions: [['🚆', [2, 3]]] },
      { from: 2, body: '저도요! 지하철에서 끊겼다가 다시 들어왔는데 그대로 이어졌어요.', answers: 5 },
    ],
  },
  {
    kind: 'open',
    title: '점심 뭐 먹지 🍜',
    people: [1, 0, 2],
    messages: [
      { from: 1, body: '오늘 점심 뭐 먹을까요?' },
      { from: 2, body: '비 오는데 칼국수 어때요?', reactions: [['🍜', [0, 1]]] },
      { from: 0, body: '좋아요. 12시에 1층에서 만나요.', edited: '좋아요. 12시 10분에 1층에서 만나요.', answers: 1 },
      { from: 1, body: '아 지갑 두고 왔다…', deleted: true },
      { from: 2, body: '우산 챙기세요 ☔' },
    ],
  },
  {
    kind: 'open',
    title: 'Release talk',
    people: [3, 4, 0],
    messages: [
      { from: 3, body: 'The new build is on staging. Please try the search when you have five minutes.' },
      {
        from: 4,
        body: 'Looks good here:\n- rooms open at once\n- history scrolls without a jump\n- dark mode follows the system',
      },
      { from: 0, body: '스테이징에서 한국어 화면도 확인했어요. 문제 없습니다.', reactions: [['✅', [3, 4]]] },
      { from: 4, body: 'Then let us ship it tomorrow morning.', answers: 2, reactions: [['🚀', [0, 3]]] },
    ],
  },
  {
    kind: 'group',
    title: '주말 등산 모임',
    people: [2, 0, 1, 4],
    messages: [
      { from: 2, body: '토요일 북한산 어떠세요? 아침 8시 구파발역 3번 출구요.' },
      { from: 0, body: '저는 갈게요!', reactions: [['⛰️', [2, 1]]] },
      { from: 4, body: 'Count me in. Should I bring anything?', answers: 0 },
      { from: 2, body: 'Just water and good shoes. 김밥은 제가 준비할게요.', reactions: [['🍙', [0, 1, 4]]] },
    ],
  },
]
