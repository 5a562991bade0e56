/**
 * What the options of the server are called in both languages, and what each means in Korean; the English meaning comes with
 * the option from the server, which documents it. An option that is not here (of a newer server) shows its key and that text.
 */
export const options: Record<string, { en: string; ko: string; about: string }> = {
  registration: {
    en: 'Sign-up',
    ko: '가입',
    about: '누구나 스스로 가입할 수 있는지 정합니다. 시작 링크는 어느 쪽이든 쓸 수 있습니다.',
  },
  rateLimit: {
    en: 'Rate limits',
    ko: '속도 제한',
    about: '요청, 로그인, 전송의 속도를 제한합니다. 부하 시험을 할 때만 끄세요.',
  },
  allowedOrigins: {
    en: 'Other pages that may connect',
    ko: '허용할 다른 주소',
    about:
      '이 서버의 주소 말고도 API와 WebSocket을 쓸 수 있는 브라우저 주소입니다. https://app.example.com처럼 한 줄에 하나씩 씁니다.',
  },
  refreshTokenMs: {
    en: 'Life of an unused login',
    ko: '쓰지 않는 로그인의 수명',
    about: '로그인을 쓰지 않으면 이만큼 뒤에 끝납니다. 쓸 때마다 다시 셉니다.',
  },
  accessTokenMs: {
    en: 'Life of an access token',
    ko: '접근 토큰의 수명',
    about: '서버가 켜져 있는 동안에는 바뀌지 않습니다. 끝난 로그인을 이만큼 기억하기 때문입니다.',
  },

  'limits.bodyLength': {
    en: 'Longest message',
    ko: '메시지 길이',
    about: '메시지 하나의 최대 글자 수입니다(UTF-16 단위). 프레임 하나에도 들어가야 합니다.',
  },
  'limits.reactionsPerMessage': {
    en: 'Reactions per message',
    ko: '메시지마다 반응 종류',
    about: '메시지 하나에 남길 수 있는 서로 다른 이모지의 수입니다.',
  },
  'limits.sendsPerSecond': {
    en: 'Messages a second per person',
    ko: '한 사람이 1초에 보내는 메시지',
    about: '연결 하나가 1초에 보낼 수 있는 메시지 수입니다. 0이면 제한하지 않습니다.',
  },
  'limits.readReceiptMembers': {
    en: 'Read receipts up to',
    ko: '읽음 표시를 하는 인원',
    about: '참여자가 이 수 이하인 대화방에서만 누가 읽었는지 알립니다.',
  },
  'limits.presenceNames': {
    en: 'Presence by name up to',
    ko: '접속자 이름을 알리는 인원',
    about: '접속한 사람이 이 수 이하이면 이름을, 넘으면 인원수만 알립니다.',
  },

  maxConnections: {
    en: 'Connections',
    ko: '최대 연결 수',
    about: '이 노드가 받는 연결의 수입니다.',
  },
  maxConnectionsPerAddress: {
    en: 'Connections per address',
    ko: '주소마다 연결 수',
    about: '한 주소에서 열 수 있는 연결의 수입니다. 0이면 제한하지 않습니다.',
  },
  heartbeatMs: {
    en: 'Heartbeat',
    ko: '연결 확인 간격',
    about: '이만큼 조용하면 연결이 살아 있는지 확인합니다. 두 번 동안 답이 없으면 끊습니다. 새 연결부터 적용됩니다.',
  },
  helloTimeoutMs: {
    en: 'Time to sign on',
    ko: '첫인사 기한',
    about: '새 연결이 ‘hello’를 보낼 때까지 기다리는 시간입니다.',
  },
  slowConsumerMs: {
    en: 'Patience with slow readers',
    ko: '느린 연결을 기다리는 시간',
    about: '받을 것이 있는데 이만큼 아무것도 받지 못한 연결은 4508로 끊습니다.',
  },
  writeQueueBytes: {
    en: 'Waiting for one connection',
    ko: '연결마다 쌓아 두는 양',
    about:
      '연결 하나를 위해 쌓아 둘 수 있는 바이트입니다. 넘으면 ‘lagging’을 알리고, 그 연결은 따라잡아야 합니다. 새 연결부터 적용됩니다.',
  },
  drainMs: {
    en: 'Time to go elsewhere',
    ko: '멈추기 전 기다리는 시간',
    about: '서버가 멈출 때 사람들이 다른 노드로 옮겨 갈 시간입니다.',
  },
  'limits.frameBytes': {
    en: 'Largest frame',
    ko: '프레임 크기',
    about: '한 번에 보낼 수 있는 최대 바이트입니다. 더 작은 값은 새 연결부터 적용됩니다.',
  },
  'limits.subscriptions': {
    en: 'Open rooms per session',
    ko: '한 번에 여는 대화방',
    about: '연결 하나가 실시간으로 받아 볼 수 있는 대화방 수입니다.',
  },
  'limits.watched': {
    en: 'Watched rooms per session',
    ko: '한 번에 지켜보는 대화방',
    about: '연결 하나가 안 읽은 수를 지켜볼 수 있는 대화방 수입니다.',
  },
  'limits.inFlight': {
    en: 'Unanswered commands',
    ko: '답을 기다리는 명령',
    about: '연결 하나가 답을 받기 전에 보낼 수 있는 명령 수입니다.',
  },
  'limits.catchUp': {
    en: 'Catch-up',
    ko: '한 번에 따라잡는 양',
    about: '다시 연결했을 때 한 번에 이어서 받는 이벤트 수입니다.',
  },

  flushMs: {
    en: 'Gathering of pushes',
    ko: '모아 보내는 시간',
    about: '바쁠 때 보낼 것을 모으는 가장 긴 시간입니다. 하나뿐이면 기다리지 않습니다.',
  },
  hotRooms: {
    en: 'Rooms in memory',
    ko: '메모리에 두는 대화방',
    about: '메모리에 두는 대화방 수입니다. 보는 사람이 없는 방부터 내려갑니다.',
  },
  hotTail: {
    en: 'Newest events in memory',
    ko: '메모리에 두는 새 이벤트',
    about: '대화방마다 메모리에 두는 최근 이벤트 수입니다. 돌아온 사람은 여기에서 이어서 받습니다.',
  },
  pendingAppends: {
    en: 'Messages that may wait',
    ko: '저장을 기다리는 메시지',
    about: '저장되기를 기다릴 수 있는 메시지 수입니다. 넘으면 ‘overloaded’로 거절합니다.',
  },
  appendBatch: {
    en: 'Messages per commit',
    ko: '한 번에 저장하는 메시지',
    about:
      '커밋 하나에 담는 최대 메시지 수입니다. 적으면 데이터베이스를 짧게 붙잡지만 모두 합하면 더 듭니다. 1이면 메시지마다 따로 저장합니다.',
  },
  presenceTickMs: {
    en: 'Gathering of presence',
    ko: '접속 알림을 모으는 시간',
    about: '대화방에 드나드는 것을 이만큼 모아서 알립니다.',
  },
  watchTickMs: {
    en: 'Gathering of changes',
    ko: '변경을 모으는 시간',
    about: '지켜보는 대화방의 변경을 이만큼 모아서 알립니다.',
  },

  host: {
    en: 'Address to listen on',
    ko: '받는 주소',
    about:
      '연결을 받을 주소입니다. 기본값은 이 컴퓨터에서 오는 연결만 받습니다. ‘0.0.0.0’은 모든 곳에서 받으므로 앞에 TLS가 있어야 합니다.',
  },
  port: { en: 'Port', ko: '포트', about: '연결을 받을 포트입니다. 0이면 빈 포트를 고릅니다.' },
  publicUrl: {
    en: 'Public address',
    ko: '공개 주소',
    about: '앞에 프록시가 있을 때 사람들이 쓰는 주소입니다. 없으면 받는 주소와 포트로 만듭니다.',
  },
  dataDir: {
    en: 'Data folder',
    ko: '데이터 폴더',
    about: '데이터베이스와, 서버가 스스로 만든 비밀값을 두는 폴더입니다.',
  },
  nodeName: { en: 'Name of this node', ko: '노드 이름', about: '노드 목록에서 이 노드를 부르는 이름입니다.' },
  roles: { en: 'Roles', ko: '역할', about: '이 프로세스가 맡는 일입니다.' },
  trustedProxies: {
    en: 'Trusted proxies',
    ko: '믿는 프록시',
    about: '접속한 사람의 주소를 알아낼 때 ‘X-Forwarded-For’를 믿어도 되는 프록시입니다.',
  },
  logLevel: { en: 'Log level', ko: '로그 수준', about: '이보다 덜 중요한 로그는 쓰지 않습니다.' },

  databaseUrl: {
    en: 'PostgreSQL',
    ko: 'PostgreSQL',
    about: '클러스터의 PostgreSQL 데이터베이스입니다(15 이상). 없으면 모든 것을 데이터 폴더의 SQLite에 저장합니다.',
  },
  redisUrl: {
    en: 'Redis',
    ko: 'Redis',
    about: '클러스터의 노드들이 서로의 소식을 듣는 Redis(7.0 이상)나 Valkey입니다. 없으면 서버는 혼자입니다.',
  },
  log: {
    en: 'Where messages are made durable',
    ko: '메시지를 먼저 저장하는 곳',
    about:
      '메시지를 받았다고 답하기 전에 저장하는 곳입니다. 데이터베이스(‘sql’)나 Redis(‘redis’)이며, Redis에서는 작업자가 데이터베이스로 옮깁니다.',
  },
  partitions: {
    en: 'Partitions',
    ko: '파티션',
    about: '클러스터의 대화방을 나누는 수입니다. 클러스터를 만들 때 정해지며 모든 노드가 같아야 합니다.',
  },
  repeatWindowMs: {
    en: 'Memory for repeats',
    ko: '되풀이를 알아보는 시간',
    about: '‘retry’ 표시 없이 다시 온 메시지를 Redis 로그가 알아보는 시간입니다.',
  },
  persistBatch: {
    en: 'Entries per write',
    ko: '한 번에 옮기는 항목',
    about: '작업자가 Redis 로그에서 데이터베이스로 한 번에 옮기는 항목 수입니다.',
  },
  persistIntervalMs: {
    en: 'Wait for a full batch',
    ko: '묶음을 기다리는 시간',
    about: '묶음이 찰 때까지 Redis 로그의 항목이 기다리는 가장 긴 시간입니다.',
  },
  persistTries: {
    en: 'Tries before parking',
    ko: '보류하기 전 시도',
    about: '데이터베이스가 거부하는 항목을 보류하기 전에 작업자가 다시 시도하는 횟수입니다.',
  },

  jwtSecret: {
    en: 'Signing key',
    ko: '서명 키',
    about:
      '접근 토큰에 서명하는 키입니다. 주지 않으면 처음 시작할 때 만들어 ‘secrets.json’에 둡니다. 클러스터에서는 모든 노드가 같은 키를 써야 합니다.',
  },
  jwtPreviousSecret: {
    en: 'Signing key before',
    ko: '이전 서명 키',
    about: '지금 키 이전의 키입니다. 그 키로 서명한 토큰은 기한까지 쓸 수 있습니다.',
  },
  apiKey: {
    en: 'API key',
    ko: 'API 키',
    about: '다른 서비스가 자기 사용자를 로그인시킬 때 쓰는 키입니다. 주지 않으면 그 기능은 꺼집니다.',
  },
  metricsToken: {
    en: 'Token for metrics',
    ko: '지표 토큰',
    about: '‘/metrics’가 요구하는 토큰입니다. 없으면 이 컴퓨터에서 온 요청에만 답합니다.',
  },
}
