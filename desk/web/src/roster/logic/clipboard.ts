/** Ranges of cells as the text that spreadsheets exchange: tabs between columns, line ends between rows, quotes around what holds either. */

export function toTable(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(quoted).join('\t')).join('\n');
}

function quoted(text: string): string {
  return /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows of a pasted text. One line end at its end is not a row. */
export function fromTable(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let inside = false;
  const source = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replace(/\n$/, '');
  for (let index = 0; index < source.length; index++) {
    const sign = source[index] as string;
    if (inside) {
      if (sign !== '"') cell += sign;
      else if (source[index + 1] === '"') (cell += '"'), index++;
      else inside = false;
    } else if (sign === '"' && cell === '') {
      inside = true;
    } else if (sign === '\t') {
      row.push(cell);
      cell = '';
    } else if (sign === '\n') {
      rows.push([...row, cell]);
      row = [];
      cell = '';
    } else {
      cell += sign;
    }
  }
  rows.push([...row, cell]);
  return rows;
}

/** What stands at a place of the target when a block is pasted: a block that fits the target several times is repeated, as spreadsheets do. */
export function tiled<T>(block: readonly (readonly T[])[], rows: number, cols: number): (T | undefined)[][] {
  const height = block.length;
  const width = Math.max(...block.map((row) => row.length));
  const repeat = rows % height === 0 && cols % width === 0;
  const [tall, wide] = repeat ? [rows, cols] : [height, width];
  return Array.from({ length: tall }, (_, row) => Array.from({ length: wide }, (_, col) => block[row % height]?.[col % width]));
}
