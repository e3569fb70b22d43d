// The unchanging part of the HTML reports: looks and behaviour. The figures come from report.cpp as one JSON
// document in the page; nothing is loaded from anywhere.
#pragma once

namespace berth::study::page {

inline constexpr const char* style = R"css(
:root { --back: #fff; --card: #f6f7f9; --ink: #1b2027; --soft: #667085; --line: #d8dde4; --load: #8a94a6;
  --run: #2563eb; --want: #d97706; --cpu: #7c3aed; --good: #16803c; --bad: #d92d20; --p50: #0d9488;
  --p95: #d97706; --p99: #d92d20; --low: #93a4bd; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --back: #12151a; --card: #1b2027; --ink: #e8eaee;
  --soft: #98a2b3; --line: #333b47; --load: #98a2b3; --run: #6ea8fe; --want: #f5a83d; --cpu: #b794f6;
  --good: #4ade80; --bad: #ff6b5e; --p50: #2dd4bf; --p95: #f5a83d; --p99: #ff6b5e; --low: #5a6b85; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1320px; padding: 24px; background: var(--back); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 6px; text-wrap: balance; }
h2 { font-size: 15px; margin: 26px 0 8px; }
p.where { color: var(--soft); margin: 0 0 18px; }
p.where b { color: var(--ink); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 10px; }
.tile { background: var(--card); border-radius: 8px; padding: 10px 12px; }
.tile b { display: block; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile.bad b { color: var(--bad); } .tile.good b { color: var(--good); }
.tile span { color: var(--soft); font-size: 12px; }
details { margin: 14px 0; } summary { cursor: pointer; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; } th { color: var(--soft); font-weight: 500; white-space: nowrap; }
td.number, th.number { text-align: right; }
#plots { position: relative; margin-top: 18px; user-select: none; }
#plots canvas { display: block; width: 100%; cursor: crosshair; }
#tip { position: absolute; display: none; pointer-events: none; max-width: 420px; padding: 8px 10px;
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; font-size: 12px;
  box-shadow: 0 4px 16px rgb(0 0 0 / .18); font-variant-numeric: tabular-nums; z-index: 2; }
#tip i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 6px; }
#tip .event { border-top: 1px solid var(--line); margin-top: 5px; padding-top: 5px;
  overflow-wrap: anywhere; }
.hint { color: var(--soft); font-size: 12px; margin: 6px 0 0; }
#events tr { cursor: pointer; } #events td { overflow-wrap: anywhere; }
#events tr:hover td { background: var(--card); }
.scatter text { fill: var(--ink); font-size: 12px; } .scatter .soft { fill: var(--soft); }
.scatter line, .scatter polyline { stroke: var(--line); fill: none; }
)css";

inline constexpr const char* script = R"js(
'use strict';
const D = JSON.parse(document.getElementById('data').textContent);
const N = D.minutes, host = document.getElementById('plots'), tip = document.getElementById('tip');
const canvas = document.createElement('canvas'); host.prepend(canvas);
const LEFT = 56, RIGHT = 12, GAP = 34;
let from = 0, to = N, hover = null, drag = null, width = 0, color = {};
const name = a => a.replace(/^TargetTracking-service\/[^/]*\/[^/]*-(Alarm(High|Low))-.*$/, '$1');
const ordered = D.activities.filter(a => a.ordered !== null), held = D.activities.filter(a => a.ordered === null);
const lanes = [
  { title: 'Load', unit: 'requests/s', height: 110, series: [{ key: 'rps', label: 'load', color: 'load', fill: 1 }] },
  { title: 'Tasks', unit: '', height: 170, step: 1, marks: 1, series: [
    { key: 'running', label: 'running', color: 'run', fill: 1 },
    { key: 'desired', label: 'desired', color: 'ink', dash: [5, 3] },
    { key: 'healthy', label: 'healthy', color: 'good', width: 1 },
    { key: 'demand', label: 'needed for ' + D.target + ' % CPU', color: 'want' }],
    levels: [{ at: D.maximum, label: 'maximum' }, { at: D.minimum, label: 'minimum' }] },
  { title: 'CPU', unit: '%', height: 150, top: 100, series: [{ key: 'cpu', label: 'service CPU', color: 'cpu', fill: 1 }],
    levels: D.thresholds, bands: 1 },
  { title: 'Alarms', alarms: 1, height: 18 * Math.max(1, D.alarms.length) },
  { title: 'Response time', unit: 'ms', height: 170, log: 1, series: [
    { key: 'p50', label: 'p50', color: 'p50' }, { key: 'p95', label: 'p95', color: 'p95' },
    { key: 'p99', label: 'p99', color: 'p99' }],
    levels: [{ at: D.objective, label: 'objective' }] },
  { title: 'Failed and late', unit: 'requests/min', height: 110, series: [
    { key: 'late', label: 'late', color: 'want', fill: 1 }, { key: 'e502', label: '502', color: 'cpu', fill: 1 },
    { key: 'e503', label: '503', color: 'run', fill: 1 }, { key: 'e504', label: '504', color: 'bad', fill: 1 }] }];
const two = n => String(n).padStart(2, '0');
function clock(minute, seconds) {
  const d = new Date((D.start + minute * 60) * 1000), days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const hm = two(d.getUTCHours()) + ':' + two(d.getUTCMinutes()) + (seconds ? ':' + two(d.getUTCSeconds()) : '');
  return N > 1440 ? days[d.getUTCDay()] + ' d' + (Math.floor(minute / 1440) + 1) + ' ' + hm : hm;
}
function short(v) {
  if (v === null || v === undefined) return 'none';
  const a = Math.abs(v);
  if (a >= 1e6) return (v / 1e6).toPrecision(3) + 'M';
  if (a >= 1e4) return (v / 1e3).toPrecision(3) + 'k';
  return a >= 100 || v === Math.round(v) ? v.toFixed(0) : a >= 10 ? v.toFixed(1) : v.toPrecision(2);
}
// Alarm states as spans, per alarm.
const spans = D.alarms.map(alarm => {
  const list = []; let at = 0, state = 'INSUFFICIENT_DATA', reason = '';
  for (const c of D.changes) {
    if (c.alarm !== alarm) continue;
    const m = c.at_s / 60;
    if (m > 0) list.push({ from: at, to: m, state, reason });
    at = Math.max(0, m); state = c.to; reason = c.reason;
  }
  list.push({ from: at, to: N, state, reason });
  return list;
});
const xOf = m => LEFT + (m - from) / (to - from) * (width - LEFT - RIGHT);
const mOf = x => from + (x - LEFT) / (width - LEFT - RIGHT) * (to - from);
// Per pixel column the least and the most of its minutes, so that no peak is lost at any zoom.
function columns(values) {
  const out = [], a = Math.max(0, Math.floor(from)), b = Math.min(N, Math.ceil(to));
  const perPixel = (to - from) / (width - LEFT - RIGHT);
  if (perPixel <= 1) {
    for (let m = a; m < b; m++) out.push({ x: xOf(m), x2: xOf(m + 1), low: values[m], high: values[m], first: values[m], last: values[m] });
    return out;
  }
  for (let x = LEFT; x < width - RIGHT; x++) {
    const s = Math.max(a, Math.floor(mOf(x))), e = Math.min(b, Math.max(s + 1, Math.floor(mOf(x + 1))));
    let low = null, high = null, first = null, last = null;
    for (let m = s; m < e; m++) {
      const v = values[m]; if (v === null) continue;
      if (low === null || v < low) low = v;
      if (high === null || v > high) high = v;
      if (first === null) first = v;
      last = v;
    }
    out.push({ x, x2: x + 1, low, high, first, last });
  }
  return out;
}
function niceSteps(top, count) {
  const raw = top / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= raw) || raw;
  const out = []; for (let v = 0; v <= top * 1.0001; v += step) out.push(v);
  return out;
}
function timeSteps() {
  const span = to - from, wanted = Math.max(3, (width - LEFT) / 110);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].find(s => span / s <= wanted) || 20160;
  const out = []; for (let m = Math.ceil(from / step) * step; m <= to; m += step) out.push(m);
  return out;
}
function scaleOf(lane, data) {
  let high = lane.top || 0, low = Infinity;
  for (const cols of data) for (const c of cols) {
    if (c.high !== null && c.high > high) high = c.high;
    if (c.low !== null && c.low > 0 && c.low < low) low = c.low;
  }
  if (lane.log) {
    high = Math.max(high, (lane.levels[0] || { at: 1 }).at) * 1.3;
    low = Math.min(Number.isFinite(low) ? low : 1, high / 10) * 0.8;
    const span = Math.log(high / low);
    return { of: v => 1 - Math.log(Math.max(v, low) / low) / span, ticks: [0.1, 1, 10, 100, 1000, 10000, 100000].filter(t => t >= low && t <= high) };
  }
  for (const level of lane.levels || []) if (level.at < high * 3) high = Math.max(high, level.at);
  high = (high || 1) * (lane.top ? 1.02 : 1.12);
  return { of: v => 1 - v / high, ticks: niceSteps(high, lane.height / 34) };
}
function drawSeries(g, lane, series, cols, scale) {
  const y = v => lane.y + scale.of(v) * lane.height;
  g.strokeStyle = color[series.color]; g.fillStyle = color[series.color];
  g.lineWidth = series.width || 1.5; g.setLineDash(series.dash || []);
  if (series.fill) {
    g.globalAlpha = 0.16;
    for (const c of cols) if (c.high !== null && c.high > 0) g.fillRect(c.x, y(c.high), Math.max(c.x2 - c.x, 1) , lane.y + lane.height - y(c.high));
    g.globalAlpha = 1;
  }
  g.beginPath(); let open = false;
  for (const c of cols) {
    if (c.first === null || c.first === undefined) { open = false; continue; }
    const x = c.x, mid = lane.step || c.x2 - c.x > 1 ? c.x2 : c.x;
    const begin = y(lane.log ? c.high : c.first);
    if (open) g.lineTo(x, begin); else g.moveTo(x, begin);
    open = true;
    if (lane.log) { g.lineTo(mid, y(c.high)); continue; }
    if (c.low !== c.high) { g.lineTo(x, y(c.low)); g.lineTo(x, y(c.high)); }
    g.lineTo(mid, y(c.last));
  }
  g.stroke(); g.setLineDash([]);
}
function drawAlarms(g, lane) {
  g.font = '11px system-ui, sans-serif';
  D.alarms.forEach((alarm, i) => {
    const y = lane.y + i * 18;
    for (const s of spans[i]) {
      if (s.to < from || s.from > to) continue;
      const a = Math.max(LEFT, xOf(s.from)), b = Math.min(width - RIGHT, xOf(s.to));
      g.fillStyle = s.state === 'ALARM' ? color[/AlarmLow/.test(alarm) ? 'low' : 'bad'] : color.card;
      g.globalAlpha = s.state === 'INSUFFICIENT_DATA' ? 0.4 : 1;
      g.fillRect(a, y + 2, Math.max(b - a, s.state === 'ALARM' ? 1 : 0), 14);
      g.globalAlpha = 1;
    }
    const text = name(alarm), w = g.measureText(text).width;
    g.fillStyle = color.back; g.globalAlpha = 0.75; g.fillRect(LEFT + 2, y + 3, w + 6, 12); g.globalAlpha = 1;
    g.fillStyle = color.ink; g.textAlign = 'left'; g.fillText(text, LEFT + 5, y + 13);
  });
}
function drawMarks(g, lane) {
  for (const a of D.activities) {
    const m = a.at_s / 60; if (m < from || m > to) continue;
    const x = xOf(m), up = a.direction > 0;
    if (a.ordered === null) { g.fillStyle = color.soft; g.fillRect(x - 1, lane.y + 2, 2, 5); continue; }
    g.fillStyle = color[up ? 'want' : 'run'];
    g.beginPath();
    if (up) { g.moveTo(x, lane.y - 1); g.lineTo(x + 5, lane.y + 8); g.lineTo(x - 5, lane.y + 8); }
    else { g.moveTo(x, lane.y + 8); g.lineTo(x + 5, lane.y - 1); g.lineTo(x - 5, lane.y - 1); }
    g.fill();
  }
}
function drawLane(g, lane, times) {
  g.font = '600 13px system-ui, sans-serif'; g.fillStyle = color.ink; g.textAlign = 'left';
  g.fillText(lane.title, LEFT, lane.y - 10);
  let x = LEFT + g.measureText(lane.title).width + 8;
  g.font = '11px system-ui, sans-serif'; g.fillStyle = color.soft;
  if (lane.unit) { g.fillText(lane.unit, x, lane.y - 10); x += g.measureText(lane.unit).width + 16; }
  for (const s of lane.series || []) {
    g.fillStyle = color[s.color]; g.fillRect(x, lane.y - 17, 9, 9); x += 13;
    g.fillStyle = color.soft; g.fillText(s.label, x, lane.y - 10); x += g.measureText(s.label).width + 14;
  }
  g.strokeStyle = color.line; g.lineWidth = 1;
  for (const m of times) { const t = Math.round(xOf(m)) + 0.5; g.beginPath(); g.moveTo(t, lane.y); g.lineTo(t, lane.y + lane.height); g.stroke(); }
  if (lane.alarms) return drawAlarms(g, lane);
  const data = lane.series.map(s => columns(D[s.key])), scale = scaleOf(lane, data);
  g.save(); g.beginPath(); g.rect(LEFT, lane.y - 2, width - LEFT - RIGHT, lane.height + 3); g.clip();
  if (lane.bands) D.alarms.forEach((alarm, i) => {
    if (!D.policyAlarms.includes(alarm)) return;
    for (const s of spans[i]) {
      if (s.state !== 'ALARM' || s.to < from || s.from > to) continue;
      g.fillStyle = color[/AlarmLow/.test(alarm) ? 'low' : 'bad']; g.globalAlpha = 0.14;
      g.fillRect(xOf(s.from), lane.y, Math.max(1, xOf(s.to) - xOf(s.from)), lane.height); g.globalAlpha = 1;
    }
  });
  for (const t of scale.ticks) { const y = Math.round(lane.y + scale.of(t) * lane.height) + 0.5; g.beginPath(); g.moveTo(LEFT, y); g.lineTo(width - RIGHT, y); g.stroke(); }
  lane.series.forEach((s, i) => drawSeries(g, lane, s, data[i], scale));
  g.font = '11px system-ui, sans-serif'; g.textAlign = 'right';
  let above = -99;
  for (const level of (lane.levels || []).slice().sort((a, b) => b.at - a.at)) {
    const y = lane.y + scale.of(level.at) * lane.height; if (!level.at || y < lane.y) continue;
    g.strokeStyle = color.soft; g.setLineDash([2, 4]); g.beginPath(); g.moveTo(LEFT, y); g.lineTo(width - RIGHT, y); g.stroke(); g.setLineDash([]);
    g.lineJoin = 'round'; g.lineWidth = 4; g.strokeStyle = color.back; g.setLineDash([]);
    const spot = [level.label + ' ' + short(level.at), width - RIGHT - 4, y < lane.y + 14 || y - above < 16 ? y + 12 : y - 3];
    g.strokeText(...spot); g.lineWidth = 1; g.fillStyle = color.soft; g.fillText(...spot);
    above = y;
  }
  if (lane.marks) drawMarks(g, lane);
  g.restore();
  g.fillStyle = color.soft; g.textAlign = 'right'; g.font = '11px system-ui, sans-serif';
  for (const t of scale.ticks) g.fillText(short(t), LEFT - 6, lane.y + scale.of(t) * lane.height + 4);
}
function draw() {
  const style = getComputedStyle(document.documentElement);
  for (const key of ['back', 'card', 'ink', 'soft', 'line', 'load', 'run', 'want', 'cpu', 'good', 'bad', 'p50', 'p95', 'p99', 'low'])
    color[key] = style.getPropertyValue('--' + key).trim();
  width = host.clientWidth;
  let y = GAP; for (const lane of lanes) { lane.y = y; y += lane.height + GAP; }
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio; canvas.height = y * ratio; canvas.style.height = y + 'px';
  const g = canvas.getContext('2d'); g.scale(ratio, ratio);
  const times = timeSteps();
  for (const lane of lanes) drawLane(g, lane, times);
  g.fillStyle = color.soft; g.font = '11px system-ui, sans-serif'; g.textAlign = 'center';
  for (const m of times) g.fillText(clock(m), Math.min(Math.max(xOf(m), LEFT + 20), width - 44), y - GAP + 18);
  if (hover !== null && !drag) { g.strokeStyle = color.soft; g.beginPath(); g.moveTo(hover + 0.5, GAP); g.lineTo(hover + 0.5, y - GAP); g.stroke(); }
  if (drag) { g.fillStyle = color.run; g.globalAlpha = 0.15; g.fillRect(Math.min(drag.a, drag.b), GAP, Math.abs(drag.a - drag.b), y - 2 * GAP); g.globalAlpha = 1; }
}
const safe = text => String(text).replace(/[&<>]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[c]));
const eventText = a => `<b>${clock(a.at_s / 60, true)} ${safe(a.ordered === null ? 'Not scaled: ' + a.not_scaled : a.description)}</b><br>` + safe(a.explanation.replace(/\d+\.\d{3,}/g, n => String(Math.round(n * 100) / 100)).replace(/TargetTracking-\S*?(Alarm(High|Low))-[0-9a-f-]+/g, '$1'));
function showTip(x, y) {
  const m = Math.max(0, Math.min(N - 1, Math.floor(mOf(x))));
  let html = `<b>${clock(m)}</b> minute ${m}<br>`;
  const lane = lanes.find(l => y >= l.y - 14 && y <= l.y + l.height);
  for (const s of (lane && lane.series) || lanes[0].series.concat(lanes[1].series, lanes[2].series))
    html += `<i style="background:var(--${s.color})"></i>${s.label} ${short(D[s.key][m])}<br>`;
  const near = (to - from) / (width - LEFT) * 5;
  const close = list => list.filter(a => Math.abs(a.at_s / 60 - mOf(x)) <= near);
  const events = close(ordered).slice(0, 3).concat(close(held).slice(0, 1));
  for (const a of events) html += `<div class="event">${eventText(a)}</div>`;
  if (lane && lane.alarms) {
    const i = Math.floor((y - lane.y) / 18), s = (spans[i] || []).find(p => p.from <= mOf(x) && mOf(x) < p.to);
    if (s) html = `<b>${clock(m)} ${safe(name(D.alarms[i]))}: ${s.state}</b><div class="event">${safe(s.reason)}</div>`;
  }
  tip.innerHTML = html; tip.style.display = 'block';
  tip.style.left = (x > width / 2 ? Math.max(0, x - tip.offsetWidth - 14) : x + 14) + 'px';
  tip.style.top = Math.max(0, y - 20) + 'px';
}
function listEvents() {
  const body = document.getElementById('events'), rows = [];
  const all = D.activities.map(a => ({ at: a.at_s, html: eventText(a) }))
    .concat(D.changes.map(c => ({ at: c.at_s, html: `<b>${clock(c.at_s / 60, true)}</b> ${safe(name(c.alarm))}: ${c.from} &rarr; ${c.to}<br><span class="hint">${safe(c.reason)}</span>` })))
    .filter(e => e.at >= from * 60 && e.at <= to * 60).sort((a, b) => a.at - b.at);
  for (const e of all.slice(0, 400)) rows.push(`<tr data-at="${e.at}"><td>${e.html}</td></tr>`);
  if (all.length > 400) rows.push(`<tr><td class="hint">and ${all.length - 400} more: zoom in to see them</td></tr>`);
  body.innerHTML = rows.join('');
}
function zoom(a, b) {
  const least = Math.min(N, 10); if (b - a < least) { const c = (a + b) / 2; a = c - least / 2; b = c + least / 2; }
  from = Math.max(0, a); to = Math.min(N, b); draw(); listEvents();
}
canvas.addEventListener('mousedown', e => { drag = { a: e.offsetX, b: e.offsetX }; tip.style.display = 'none'; });
canvas.addEventListener('mousemove', e => { hover = e.offsetX; if (drag) drag.b = e.offsetX; else showTip(e.offsetX, e.offsetY); draw(); });
window.addEventListener('mouseup', () => {
  if (!drag) return;
  const { a, b } = drag; drag = null;
  if (Math.abs(a - b) > 4) zoom(mOf(Math.min(a, b)), mOf(Math.max(a, b))); else draw();
});
canvas.addEventListener('mouseleave', () => { hover = null; tip.style.display = 'none'; draw(); });
canvas.addEventListener('dblclick', () => zoom(0, N));
document.getElementById('events').addEventListener('click', e => {
  const row = e.target.closest('tr'); if (!row || !row.dataset.at) return;
  const m = row.dataset.at / 60; zoom(m - 30, m + 30); host.scrollIntoView({ behavior: 'smooth' });
});
window.addEventListener('resize', draw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
const at = /^#(\d+)-(\d+)$/.exec(location.hash);
if (at) zoom(+at[1], +at[2]); else { draw(); listEvents(); }
)js";

}  // namespace berth::study::page
