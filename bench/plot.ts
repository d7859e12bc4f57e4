import type { LatencyFigures } from './latency.ts';

/** Latency over rate as an SVG, both axes logarithmic, readable on a light and a dark background. */

const width = 720;
const height = 380;
const margin = { left: 62, right: 130, top: 34, bottom: 48 };

const lines = [
  { name: 'p99', share: 'p99', colour: '#c0392b' },
  { name: 'p95', share: 'p95', colour: '#d68910' },
  { name: 'median', share: 'p50', colour: '#2471a3' },
] as const;

const ticksBetween = (low: number, high: number): readonly number[] =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000].filter(
    (tick) => tick >= low && tick <= high,
  );

const floorTick = (value: number): number => 10 ** Math.floor(Math.log10(value));

const text = (x: number, y: number, anchor: string, content: string, colour = '#777'): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${content}</text>`;

export const latencyPlot = (figures: readonly LatencyFigures[]): string => {
  const values = figures.flatMap(({ delivered }) => lines.map(({ share }) => Math.max(1, delivered[share])));
  const low = { x: Math.min(...figures.map(({ offered }) => offered)), y: floorTick(Math.min(...values)) };
  const high = { x: Math.max(...figures.map(({ offered }) => offered)), y: Math.max(...values) * 1.2 };
  const scale = (value: number, from: number, to: number): number =>
    to === from ? 0.5 : (Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from));
  const x = (value: number): number => margin.left + scale(value, low.x, high.x) * (width - margin.left - margin.right);
  const y = (value: number): number =>
    height - margin.bottom - scale(Math.max(1, value), low.y, high.y) * (height - margin.top - margin.bottom);

  const grid = ticksBetween(low.y, high.y).map(
    (tick) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#999" stroke-opacity="0.35"/>${text(margin.left - 8, y(tick) + 4, 'end', String(tick))}`,
  );
  const rates = figures.map(({ offered }) => text(x(offered), height - margin.bottom + 18, 'middle', String(offered)));
  const curves = lines.map(({ share, colour }) => {
    const points = figures.map(
      ({ offered, delivered }) => `${x(offered).toFixed(1)},${y(delivered[share]).toFixed(1)}`,
    );
    const dots = points.map((point) => {
      const [cx = '', cy = ''] = point.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
    });
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
  });
  const names = lines.map(({ name, colour }, index) =>
    text(width - margin.right + 14, margin.top + 14 + index * 18, 'start', name, colour),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>Accepted to delivered, milliseconds, over messages per second offered</title>',
    text(margin.left, 18, 'start', 'accepted → delivered, ms'),
    text((margin.left + width - margin.right) / 2, height - 8, 'middle', 'messages per second offered'),
    ...grid,
    ...rates,
    ...curves,
    ...names,
    '</svg>',
    '',
  ].join('\n');
};
