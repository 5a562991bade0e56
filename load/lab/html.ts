import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cell, filled } from './cells.ts'
import { drawChart, paletteOf } from './chart.ts'
import { verdict } from './markdown.ts'
import { clock } from './progress.ts'
import { escaped, inline, prose } from './prose.ts'
import type { Findings, Report, Result } from './results.ts'

const STYLE = readFileSync(join(import.meta.dirname, 'report.css'), 'utf8')

/** The report as one page that needs nothing else: no script, no request. */
export function htmlReport(report: Report): string {
  const { findings, surroundings } = report
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Yeoul: the load lab</title>
<style>
${STYLE}</style>
</head>
<body>
<header>
<p class="eyebrow">Yeoul <span lang="ko">여울</span></p>
<h1>The load lab</h1>
<p class="lead">Every comparison side by side, in one run, on one machine.</p>
${stateOf(report)}
<dl class="facts">
${fact('Measured', `${surroundings.at.slice(0, 16).replace('T', ' ')} UTC, in ${clock(report.elapsedMs)} minutes`)}
${fact('Command', `<code>${escaped(report.command)}</code>`)}
${fact('Repeats', `${report.repeats} of each${report.quick ? ', quick: the figures say little' : ''}`)}
${fact('Yeoul', escaped(surroundings.versions.Yeoul ?? ''))}
</dl>
</header>
<main>
${overview(findings)}
${HOW_TO_READ}
${findings.map(chapter).join('\n')}
</main>
${footer(report)}
</body>
</html>
`
}

function fact(name: string, html: string): string {
  return `<div><dt>${escaped(name)}</dt><dd>${html}</dd></div>`
}

function stateOf({ findings, incomplete }: Report): string {
  const broken = findings.some((one) => one.broken.length > 0)
  const states = [`<p class="state ${broken ? 'bad' : 'good'}">${inline(verdict(findings))}</p>`]
  if (incomplete !== null) {
    states.push(`<p class="state bad">Incomplete: ${escaped(incomplete)}. This is what was done by then.</p>`)
  }
  return states.join('\n')
}

const HOW_TO_READ = `<section class="reading">
<h2>How to read it</h2>
<ul>
<li>A figure is the <b>median</b> of the repeats; below it stand the least and the most. Whiskers in charts are the same.</li>
<li>Load is open loop unless the experiment says otherwise: messages have times at which they are due, and delays count from then. What a server cannot keep up with shows as delay.</li>
<li>Efficiency is per second of <b>server CPU</b>: of all processes that belong to that system.</li>
<li>↑ more is better, ↓ less is better. A dash: the figure does not apply.</li>
<li>“No figure” stands where the load generator was the bottleneck: it would have measured itself.</li>
<li>What a system <b>does not do</b> (store, order, recover) stands below its name: figures are of unequal work there.</li>
</ul>
</section>`

function overview(findings: Findings[]): string {
  const rows = findings.map(({ experiment: { name, title, origin }, results, checked, broken }) => {
    const state = broken.length === 0 ? `${checked} hold` : `<span class="broken">${broken.length} broken</span>`
    return `<tr><th scope="row"><a href="#${escaped(name)}">${escaped(title)}</a></th><td class="words">${
      origin === null ? 'A test of ours.' : inline(origin)
    }</td><td>${results.length}</td><td>${state}</td></tr>`
  })
  return `<div class="scroll" role="region" aria-label="Overview" tabindex="0"><table class="overview">
<thead><tr><th scope="col">Experiment</th><th scope="col" class="words">Whose test, and what they found</th><th scope="col">Rows</th><th scope="col">Invariants</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>`
}

function chapter(one: Findings): string {
  const { name, title, about, origin, charts, figures } = one.experiment
  const { results, broken } = one
  const palette = paletteOf(results)
  const drawn = charts.map((chart) => drawChart(chart, figures, results, palette)).filter((html) => html !== '')
  return `<section id="${escaped(name)}" class="experiment">
<p class="eyebrow">${escaped(name)}</p>
<h2>${escaped(title)}</h2>
<div class="about">
${prose(about)}
</div>
${origin === null ? '' : `<p class="origin"><b>What they found</b> ${inline(origin)}</p>`}
${listOf('broken', broken)}
${drawn.length === 0 ? '' : `<div class="charts">${drawn.join('\n')}</div>`}
${results.length === 0 ? '<p>Nothing was measured.</p>' : tableOf(one)}
${notesOf(results)}
</section>`
}

function tableOf({ experiment, results }: Findings): string {
  const figures = filled(experiment.figures, results)
  const claims = results.some(({ claim }) => claim !== null)
  const head = figures.map(({ title, better }) => {
    const arrow =
      better === null
        ? ''
        : better === 'more'
          ? '&nbsp;<i title="more is better">↑</i>'
          : '&nbsp;<i title="less is better">↓</i>'
    return `<th scope="col">${escaped(title)}${arrow}</th>`
  })
  if (claims) head.push('<th scope="col" class="words">They found</th>')
  const palette = paletteOf(results)
  const rows = results.map((result) => {
    const cells =
      result.void !== null
        ? [`<td class="void words" colspan="${Math.max(1, figures.length)}">No figure: ${escaped(result.void)}</td>`]
        : figures.map((figure) => {
            const { median, range } = cell(result.figures[figure.key], figure)
            return `<td>${median}${range === null ? '' : `<small>${range}</small>`}</td>`
          })
    if (claims) cells.push(`<td class="words">${inline(result.claim ?? '')}</td>`)
    const broken = result.broken.length > 0 ? ' <span class="broken">broken</span>' : ''
    const remark = result.remark === null ? '' : `<small>${inline(result.remark)}</small>`
    return `<tr><th scope="row"><i class="key ${palette.get(result.system)}"></i>${escaped(result.name)}${broken}${remark}</th>${cells.join('')}</tr>`
  })
  return `<div class="scroll" role="region" aria-label="Figures: ${escaped(experiment.title)}" tabindex="0"><table>
<thead><tr><th scope="col"></th>${head.join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>`
}

function notesOf(results: Result[]): string {
  const notes = results.flatMap(({ name, notes }) => notes.map((note) => `<li>${escaped(name)}: ${inline(note)}</li>`))
  return notes.length === 0 ? '' : `<details open><summary>Notes</summary><ul>${notes.join('\n')}</ul></details>`
}

function listOf(kind: string, sentences: string[]): string {
  if (sentences.length === 0) return ''
  return `<ul class="${kind}">${sentences.map((text) => `<li>${escaped(text)}</li>`).join('')}</ul>`
}

function footer({ surroundings: { machine, versions } }: Report): string {
  return `<footer>
<h2>Where it ran</h2>
<dl class="facts">
${fact('Machine', `${machine.cores} cores of ${escaped(machine.cpu)}, ${machine.memoryGiB} GiB`)}
${fact('System', `Linux ${escaped(machine.kernel)}`)}
${fact('Data on', escaped(machine.disk))}
${fact('Load average at the start', machine.load.toFixed(2))}
${Object.entries(versions)
  .map(([name, version]) => fact(name, escaped(version)))
  .join('\n')}
</dl>
</footer>`
}
