/** A table in Markdown: the first columns hold text and are set to the left, the others figures, set to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], textColumns = 1): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = line(head.map((_, i) => (i < textColumns ? "---" : "---:")));
  return [line(head), rule, ...rows.map(line)].join("\n");
}
