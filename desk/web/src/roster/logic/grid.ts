/** Places in a grid of people (rows) and days (columns), and the rectangles between two of them. */

export interface Place {
  row: number;
  col: number;
}

export interface Size {
  rows: number;
  cols: number;
}

export interface Range {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

const within = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));

export const clamp = (place: Place, size: Size): Place => ({ row: within(place.row, size.rows), col: within(place.col, size.cols) });

export const rangeOf = (one: Place, other: Place): Range => ({
  top: Math.min(one.row, other.row),
  left: Math.min(one.col, other.col),
  bottom: Math.max(one.row, other.row),
  right: Math.max(one.col, other.col),
});

export const inRange = (range: Range, row: number, col: number): boolean =>
  row >= range.top && row <= range.bottom && col >= range.left && col <= range.right;

export const single = (range: Range): boolean => range.top === range.bottom && range.left === range.right;

export const samePlace = (one: Place, other: Place): boolean => one.row === other.row && one.col === other.col;

/** Row by row. */
export function places(range: Range): Place[] {
  const found: Place[] = [];
  for (let row = range.top; row <= range.bottom; row++) for (let col = range.left; col <= range.right; col++) found.push({ row, col });
  return found;
}

export interface Stroke {
  key: string;
  ctrl: boolean;
  alt?: boolean;
}

/** Where a key leads, as in the grid pattern of ARIA; null: it is none of them. `page`: rows or days of one page. */
export function moved(from: Place, stroke: Stroke, size: Size, page = 7): Place | null {
  if (stroke.alt) return null;
  const { row, col } = from;
  const edge = stroke.ctrl;
  const target: Record<string, Place> = {
    ArrowUp: { row: edge ? 0 : row - 1, col },
    ArrowDown: { row: edge ? size.rows - 1 : row + 1, col },
    ArrowLeft: { row, col: edge ? 0 : col - 1 },
    ArrowRight: { row, col: edge ? size.cols - 1 : col + 1 },
    Home: { row: edge ? 0 : row, col: 0 },
    End: { row: edge ? size.rows - 1 : row, col: size.cols - 1 },
    PageUp: { row: row - page, col },
    PageDown: { row: row + page, col },
  };
  const found = target[stroke.key];
  return found ? clamp(found, size) : null;
}

/** The range made larger by a fill handle that was dragged to a place: along one direction only, the longer one. */
export function stretched(source: Range, to: Place): Range {
  const down = Math.max(0, to.row - source.bottom);
  const right = Math.max(0, to.col - source.right);
  return down >= right ? { ...source, bottom: source.bottom + down } : { ...source, right: source.right + right };
}
