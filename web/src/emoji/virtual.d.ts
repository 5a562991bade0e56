/** Made by the build from emojibase's data, see web/emoji-data.ts. */
declare module 'virtual:emoji' {
  const rows: import('./emoji.ts').EmojiRow[]
  export default rows
}
