/** opencv_zoo keeps its files in Git LFS; this address gives the file where the repository's own gives a pointer. */
export function opencvZooFile(folder: string, file: string): string {
  return `https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/${folder}/${file}`;
}

export function opencvZooPage(folder: string): string {
  return `https://github.com/opencv/opencv_zoo/tree/main/models/${folder}`;
}
