export { type DetPlot, detPlot } from "./report/det-plot.js";
export { detectionPlot } from "./report/detection-plot.js";
export { type HistogramPlot, histogramPlot } from "./report/histogram-plot.js";
export { type Report, type ReportCase, type ReportPhoto, type ReportSection, reportHtml } from "./report/html.js";
