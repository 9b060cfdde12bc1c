/** px of a character cell at a font size of 14 px. */
const CELL = { width: 8.4, height: 19 };
const PADDING = 14;
/** ANSI's eight colours on a dark ground, each at least 4.5:1 against it. */
const COLORS = ['#8b949e', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#d2a8ff', '#56d4dd', '#e6edf3'];
const PLAIN = '#e6edf3';
const GROUND = '#0d1117';

interface Style {
  readonly color: string;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

const NONE: Style = { color: PLAIN, isBold: false, isDim: false };

/**
 * A terminal's screen, as `tmux capture-pane -e -p` gives it, as SVG. Characters are taken to be one column wide.
 * @param label what it shows, for who cannot see it
 */
export function terminalSvg(screen: string, columns: number, label: string): string {
  const lines = screen.trimEnd().split('\n');
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = lines.length * CELL.height + 2 * PADDING;
  let style = NONE;
  const texts = lines.map((line, row) => {
    let column = 0;
    const runs = line.split(/(\x1b\[[\d;]*m)/).map((part) => {
      const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
      if (codes !== undefined) {
        style = codes.split(';').reduce((known, code) => styled(known, Number(code)), style);
        return '';
      }
      const x = PADDING + column * CELL.width;
      column += [...part].length;
      if (part.trim() === '') return '';
      const weight = style.isBold ? ' font-weight="bold"' : '';
      const opacity = style.isDim ? ' opacity="0.75"' : '';
      const length = ([...part].length * CELL.width).toFixed(1);
      return `<tspan x="${x.toFixed(1)}" textLength="${length}" fill="${style.color}"${weight}${opacity}>${xmlText(part)}</tspan>`;
    });
    return `<text y="${PADDING + (row + 0.75) * CELL.height}">${runs.join('')}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${xmlText(label)}" font-family="ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>
${texts.join('\n')}
</svg>
`;
}

/** https://man7.org/linux/man-pages/man4/console_codes.4.html, "ECMA-48 Select Graphic Rendition" */
function styled(style: Style, code: number): Style {
  if (code === 0) return NONE;
  if (code === 1) return { ...style, isBold: true };
  if (code === 2) return { ...style, isDim: true };
  if (code === 22) return { ...style, isBold: false, isDim: false };
  if (code >= 30 && code <= 37) return { ...style, color: COLORS[code - 30]! };
  if (code >= 90 && code <= 97) return { ...style, color: COLORS[code - 90]! };
  return code === 39 ? { ...style, color: PLAIN } : style;
}

function xmlText(text: string): string {
  // Browsers make one of several ordinary blanks.
  return text
    .replaceAll(' ', '\u00a0')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
