export const auth = {
  'auth.signIn': { en: 'Sign in', ko: '로그인' },
  'auth.signUp': { en: 'Create an account', ko: '계정 만들기' },
  'auth.signOut': { en: 'Sign out', ko: '로그아웃' },
  'auth.signOut.title': { en: 'Sign out now?', ko: '지금 로그아웃할까요?' },
  'auth.signOut.unsent': {
    en: '{count, plural, one {# message was} other {# messages were}} not sent yet and will be lost.',
    ko: '아직 보내지 못한 메시지 {count}개가 사라집니다.',
  },
  'auth.signOut.drafts': {
    en: '{count, plural, one {# draft} other {# drafts}} in this browser will be lost.',
    ko: '이 브라우저에 쓰다 만 글 {count}개가 사라집니다.',
  },
  'auth.username': { en: 'User name', ko: '아이디' },
  'auth.username.hint': {
    en: 'Small letters, digits, dot, dash; up to 32. Others mention you by it.',
    ko: '영문 소문자, 숫자, 점, 줄표로 32자까지. 다른 사람이 나를 부를 때 씁니다.',
  },
  'auth.username.bad': {
    en: 'Use 1 to 32 small letters or digits; dots, dashes and underscores only inside.',
    ko: '영문 소문자와 숫자로 1~32자를 쓰세요. 점, 줄표, 밑줄은 가운데에만 쓸 수 있습니다.',
  },
  'auth.displayName': { en: 'Display name', ko: '표시 이름' },
  'auth.displayName.hint': {
    en: 'What others see. Leave it empty to use your user name.',
    ko: '다른 사람에게 보이는 이름입니다. 비워 두면 아이디를 씁니다.',
  },
  'auth.password': { en: 'Password', ko: '비밀번호' },
  'auth.password.hint': { en: 'At least {min} characters.', ko: '{min}자 이상으로 정하세요.' },
  'auth.password.short': {
    en: 'The password needs at least {min} characters.',
    ko: '비밀번호는 {min}자 이상이어야 합니다.',
  },
  'auth.password.show': { en: 'Show the password', ko: '비밀번호 보기' },
  'auth.password.hide': { en: 'Hide the password', ko: '비밀번호 숨기기' },
  'auth.capsLock': { en: 'Caps Lock is on.', ko: 'Caps Lock이 켜져 있습니다.' },
  'auth.password.missing': { en: 'Enter your password.', ko: '비밀번호를 쓰세요.' },
  'auth.username.taken': {
    en: 'That user name is taken. Choose another.',
    ko: '이미 쓰고 있는 아이디입니다. 다른 아이디를 고르세요.',
  },
  'auth.username.missing': { en: 'Enter your user name.', ko: '아이디를 쓰세요.' },
  'auth.pause': {
    en: 'Too many attempts. You can try again in {seconds, plural, one {# second} other {# seconds}}.',
    ko: '시도가 너무 많았습니다. {seconds}초 뒤에 다시 할 수 있습니다.',
  },
  'auth.closed': {
    en: 'New accounts are made by the administrator of this server.',
    ko: '새 계정은 이 서버의 관리자가 만들어 줍니다.',
  },
  'auth.toSignUp': { en: 'New here? Create an account', ko: '처음이신가요? 계정 만들기' },
  'auth.toSignIn': { en: 'Have an account? Sign in', ko: '계정이 있으신가요? 로그인' },
  'auth.setup.title': { en: 'Set up Yeoul', ko: '여울 시작하기' },
  'auth.setup.lead': {
    en: 'You will be the administrator of this server. Choose the name and password you will sign in with.',
    ko: '이 서버의 관리자가 됩니다. 로그인에 쓸 아이디와 비밀번호를 정하세요.',
  },
  'auth.setup.submit': { en: 'Create the administrator', ko: '관리자 계정 만들기' },
  'auth.reset.title': { en: 'Choose a new password', ko: '새 비밀번호 정하기' },
  'auth.reset.lead': {
    en: 'An administrator sent you this link. It works once; you are signed out everywhere else.',
    ko: '관리자가 보낸 링크입니다. 한 번만 쓸 수 있고, 다른 기기에서는 로그아웃됩니다.',
  },
  'auth.reset.password': { en: 'New password', ko: '새 비밀번호' },
  'auth.reset.submit': { en: 'Set it and sign in', ko: '정하고 로그인' },
  'auth.reset.leave': { en: 'Leave it as it is', ko: '바꾸지 않고 돌아가기' },
  'auth.working': { en: 'One moment…', ko: '잠시만요…' },
  'auth.ended': {
    en: 'You were signed out. Sign in again to go on; what you wrote is kept.',
    ko: '로그아웃되었습니다. 다시 로그인하면 이어서 쓸 수 있고, 쓰던 글은 그대로 있습니다.',
  },
} as const
