/** The look of `/docs`: one column of text, its contents beside it where there is room, light and dark. */
export const DOCS_STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1d2733, #dfe6ee); --soft: light-dark(#5c6b7a, #93a2b1); --paper: light-dark(#fff, #12181f);
  --card: light-dark(#f5f8fa, #1a222c); --line: light-dark(#dde4ea, #2b3744); --accent: light-dark(#0b6e83, #5cc4d8);
  --good: light-dark(#14753d, #6fd39a); --bad: light-dark(#b3362b, #f08b80); --warm: light-dark(#97600a, #e5b45e);
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.6 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", sans-serif; }
nav { padding: 1.5rem; border-bottom: 1px solid var(--line); }
nav h2 { margin: 1.2rem 0 .3rem; font-size: .8rem; color: var(--soft); letter-spacing: .04em; }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { margin: .15rem 0; font-size: .9rem; }
nav a { display: flex; gap: .5rem; align-items: baseline; color: inherit; text-decoration: none; }
nav a:hover { color: var(--accent); }
nav b { flex: 0 0 3.6rem; font-size: .65rem; text-align: right; }
main { max-width: 54rem; padding: 1.5rem; }
main.wide { max-width: 70rem; margin: 0 auto; }
h1 small { color: var(--soft); font-weight: 400; font-size: 1rem; }
section > h2 { margin-top: 3rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); }
article { margin: 2rem 0; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .6rem; }
article:target, tr:target { outline: 2px solid var(--accent); }
article h3 { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 .3rem; font-size: .85rem; color: var(--soft); }
a { color: var(--accent); }
code, pre { font: .875em/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { margin: .4rem 0; padding: .75rem 1rem; overflow-x: auto; background: var(--card); border-radius: .4rem; }
pre i, td i { color: var(--soft); font-style: normal; }
.need { color: var(--soft); font-size: .9rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.answer { display: flex; gap: 1rem; margin-top: .6rem; font-size: .9rem; }
.answer > b { flex: 0 0 3.6rem; }
.answer > div { min-width: 0; flex: 1; }
.good > b, b.get { color: var(--good); }
.bad > b, b.delete { color: var(--bad); }
b.post, b.put, b.patch { color: var(--warm); }
h3 b { font-size: .8rem; margin-right: .4rem; }
@media (min-width: 62rem) {
  body { display: grid; grid-template-columns: 20rem 1fr; }
  body:has(.wide) { display: block; }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border: 0; border-right: 1px solid var(--line); }
  main { padding: 2rem 3rem; }
}
`
