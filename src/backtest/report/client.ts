/**
 * Owns what the page does in a browser: charts from the embedded data. A string, because the build has no bundler and this text
 * must reach the page unchanged. Never asks for anything from outside; never writes markup from data.
 */
export const CLIENT = `'use strict'
;(function () {
  const data = JSON.parse(document.getElementById('data').textContent)
  const DAY = 86400
  const points = data.equity.length
  const times = Array.from({ length: points }, (_, d) => data.start + (d - 1) * DAY)
  const closes = Array.from({ length: points }, (_, d) => data.start + d * DAY)
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
  const colour = (name) => () => css(name)
  const percent = (v, axis) => (v == null ? '–' : axis === true ? +(v * 100).toFixed(2) + '%' : (v * 100).toFixed(1) + '%')
  const plain = (v) => (v == null ? '–' : v.toFixed(1))
  const day = (u, seconds) => (seconds == null ? '–' : new Date(seconds * 1000).toISOString().slice(0, 10))
  const minute = (u, seconds) =>
    seconds == null ? '–' : new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')
  const charts = []

  function axes(format) {
    const common = { stroke: colour('--muted'), grid: { stroke: colour('--grid'), width: 1 }, ticks: { stroke: colour('--grid'), width: 1 } }
    return [
      Object.assign({}, common),
      Object.assign({}, common, { size: 66, values: (u, splits) => splits.map((v) => (v == null ? '' : format(v, true))) }),
    ]
  }

  function line(label, name, format, more) {
    return Object.assign({ label, stroke: colour(name), width: 1.6, points: { show: false }, value: (u, v) => format(v) }, more)
  }

  function draw(id, height, columns, series, format, more) {
    const host = document.getElementById(id)
    const width = () => Math.max(240, Math.floor(host.clientWidth))
    const small = () => (window.innerWidth < 640 ? Math.round(height * 0.8) : height)
    const options = Object.assign(
      {
        width: width(),
        height: small(),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        cursor: { sync: { key: 'days' }, points: { size: 6 } },
        legend: { live: true },
        axes: axes(format),
        series,
      },
      more,
    )
    const latest = (u) => u.cursor.idx == null && u.setLegend({ idx: points - 1 }, false)
    options.hooks = Object.assign({ ready: [latest], setCursor: [latest] }, options.hooks)
    const chart = new uPlot(options, columns, host)
    charts.push(chart)
    let known = width()
    new ResizeObserver(() => {
      if (width() === known) return
      known = width()
      chart.setSize({ width: known, height: small() })
    }).observe(host)
    host.dataset.drawn = 'yes'
    return chart
  }

  const byDay = (...series) => [{ label: 'Day', value: day }].concat(series)

  function growth(curve) {
    return curve.map((v) => (100 * v) / curve[0])
  }

  function falls(curve) {
    let peak = -Infinity
    return curve.map((v) => {
      peak = Math.max(peak, v)
      return v / peak - 1
    })
  }

  function equityChart(log) {
    const scales = { y: log ? { distr: 3 } : { distr: 1 } }
    const series = byDay(
      line('Portfolio', '--c0', plain, { width: 2 }),
      line('Hold ' + data.benchmark, '--c1', plain),
      line('Hold equal parts', '--c2', plain),
    )
    const columns = [times, growth(data.equity), growth(data.hold), growth(data.equal)]
    return draw('equity', 320, columns, series, (v) => String(+v.toPrecision(4)), { scales })
  }

  // One that multiplied flattens the others on a linear scale.
  const box = document.getElementById('log')
  const grown = [data.equity, data.hold, data.equal].flatMap(growth)
  box.checked = grown.reduce((a, b) => Math.max(a, b)) > 4 * grown.reduce((a, b) => Math.min(a, b))
  let equity = equityChart(box.checked)
  box.addEventListener('change', (event) => {
    charts.splice(charts.indexOf(equity), 1)
    equity.destroy()
    equity = equityChart(event.target.checked)
  })

  const fallSeries = byDay(
    line('Portfolio', '--c0', percent, { fill: () => css('--c0') + '30' }),
    line('Hold ' + data.benchmark, '--c1', percent, { width: 1 }),
  )
  draw('drawdown', 200, [times, falls(data.equity), falls(data.hold)], fallSeries, percent)

  const exposureSeries = byDay(line('Gross', '--c2', percent), line('Net', '--c0', percent))
  draw('exposure', 200, [times, data.gross, data.net], exposureSeries, percent)

  const lines = ['--c0', '--c1', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8', '--c9', '--c10']
  if (data.alone.length > 0) {
    const aloneSeries = byDay(...data.alone.map(({ name }, k) => line(name, lines[k % lines.length], plain, { width: 1.4 })))
    draw('alone', 320, [times].concat(data.alone.map(({ curve }) => growth(curve))), aloneSeries, plain)
  }

  const last = data.contribution.length - 1
  const contributionSeries = byDay(
    ...data.contribution.map(({ name }, k) => line(name, k === last ? '--c2' : lines[k % lines.length], percent)),
  )
  const curves = data.contribution.map(({ curve }) => curve)
  draw('contribution', 260, [times].concat(curves), contributionSeries, percent)

  const select = document.getElementById('instrument')
  data.instruments.forEach(({ name }, i) => {
    const option = document.createElement('option')
    option.value = String(i)
    option.textContent = name
    select.append(option)
  })

  function markers(fills) {
    let at = 0
    const marks = fills.t.map((step, k) => {
      at += step
      return { x: at * 60, y: fills.p[k], kind: fills.k[k] }
    })
    return (u) => {
      const { ctx, bbox } = u
      const size = 5 * devicePixelRatio
      ctx.save()
      ctx.beginPath()
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
      ctx.clip()
      for (const { x, y, kind } of marks) {
        if (x < u.scales.x.min || x > u.scales.x.max) continue
        const px = u.valToPos(x, 'x', true)
        const py = u.valToPos(y, 'y', true)
        const up = kind === 'b' || kind === 'B'
        ctx.beginPath()
        ctx.moveTo(px, py)
        const dy = up ? size * 1.7 : -size * 1.7
        ctx.lineTo(px - size, py + dy)
        ctx.lineTo(px + size, py + dy)
        ctx.closePath()
        ctx.fillStyle = css(up ? '--good' : '--bad')
        ctx.globalAlpha = 0.75
        ctx.fill()
        if (kind === 'B' || kind === 'S') {
          ctx.globalAlpha = 1
          ctx.lineWidth = 1.5 * devicePixelRatio
          ctx.strokeStyle = css('--warn')
          ctx.strokeRect(px - size * 1.5, py - size * 1.5, size * 3, size * 3)
        }
      }
      ctx.restore()
    }
  }

  let price
  function priceChart() {
    if (price) {
      charts.splice(charts.indexOf(price), 1)
      price.destroy()
    }
    const own = data.instruments[Number(select.value) || 0]
    if (!own) return
    const number = (v) => (v == null ? '–' : String(+v.toPrecision(6)))
    const scales = { y: document.getElementById('price-log').checked ? { distr: 3 } : { distr: 1 } }
    const series = [{ label: 'Time', value: minute }, line('Close', '--c0', number, { width: 1.3 })]
    const more = { scales, cursor: { points: { size: 6 } }, hooks: { draw: [markers(own.fills)] } }
    price = draw('price', 320, [closes, own.marks], series, number, more)
  }
  select.addEventListener('change', priceChart)
  document.getElementById('price-log').addEventListener('change', priceChart)
  priceChart()

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts) chart.redraw(false)
  })
})()
`
