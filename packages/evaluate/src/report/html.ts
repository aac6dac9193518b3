import { emptyDocument } from "./drawing.js";

export interface ReportPhoto {
  readonly name: string;
  /** A `data:` URL, where the photo itself shall be in the report. */
  readonly image?: string;
}

/** Something to look at: a pair or a search, with what is to be said of it. */
export interface ReportCase {
  readonly photos: readonly ReportPhoto[];
  readonly text: string;
}

export interface ReportSection {
  readonly title: string;
  /** What the reader sees, and what to make of it. */
  readonly text: string;
  /** From `histogramPlot` or `detPlot`. */
  readonly plot?: string;
  /** Something to be copied. */
  readonly code?: string;
  readonly cases?: readonly ReportCase[];
}

export interface Report {
  readonly title: string;
  readonly text: string;
  readonly figures: readonly (readonly [label: string, value: string, note?: string])[];
  readonly sections: readonly ReportSection[];
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 800px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .2rem; }
p { margin: .2rem 0 .8rem; color: #555; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e4e4; }
th { font-weight: 600; white-space: nowrap; }
td:nth-child(2) { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.note { color: #666; font-size: .87rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f5; padding: .8rem; border-radius: 6px; font-size: .82rem; }
.plot figure { margin: 0; }
.plot [class*="-swatches"] { font-size: 13px; }
.plot svg { max-width: 100%; height: auto; }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(240px, 1fr)); gap: 1rem; }
.case { border: 1px solid #e4e4e4; border-radius: 6px; padding: .6rem; overflow-wrap: anywhere; font-size: .82rem; }
.case .photos { display: flex; gap: .5rem; }
.case figure { margin: 0; flex: 1; min-width: 0; }
.case img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 4px; }
.case strong { display: block; margin-bottom: .3rem; font-size: .9rem; }
`;

/** One file that opens without a network and runs no script. Texts are put in as text, whatever they contain. */
export function reportHtml({ title, text, figures, sections }: Report): string {
  const document = emptyDocument();
  const { head, body } = document;
  const viewport = add(head, "meta");
  viewport.setAttribute("name", "viewport");
  viewport.setAttribute("content", "width=device-width");
  // A text of ours: linkedom writes this element without escaping.
  add(head, "title", { text: "Facekit evaluation" });
  add(head, "style", { text: style });
  add(body, "h1", { text: title });
  add(body, "p", { text });
  const table = add(add(body, "table"), "tbody");
  for (const [label, value, note = ""] of figures) {
    const row = add(table, "tr");
    add(row, "th", { text: label });
    add(row, "td", { text: value });
    add(row, "td", { text: note, className: "note" });
  }
  for (const section of sections) addSection(body, section);
  return `${document.toString()}\n`;
}

function addSection(body: Element, { title, text, plot, code, cases }: ReportSection): void {
  add(body, "h2", { text: title });
  add(body, "p", { text });
  // Drawn here, from numbers and our own words.
  if (plot !== undefined) add(body, "div", { className: "plot" }).innerHTML = plot;
  if (code !== undefined) add(body, "pre", { text: code });
  if (cases === undefined) return;
  const list = add(body, "div", { className: "cases" });
  for (const one of cases) {
    const card = add(list, "div", { className: "case" });
    add(card, "strong", { text: one.text });
    const photos = add(card, "div", { className: "photos" });
    for (const photo of one.photos) addPhoto(photos, photo);
  }
}

function addPhoto(photos: Element, { name, image }: ReportPhoto): void {
  const figure = add(photos, "figure");
  if (image !== undefined) {
    const picture = add(figure, "img");
    picture.setAttribute("src", image);
    // The caption says it.
    picture.setAttribute("alt", "");
  }
  add(figure, "figcaption", { text: name });
}

function add(parent: Element, tag: string, { text = "", className = "" } = {}): HTMLElement {
  const element = parent.ownerDocument.createElement(tag);
  if (text !== "") element.textContent = text;
  if (className !== "") element.className = className;
  parent.append(element);
  return element;
}
