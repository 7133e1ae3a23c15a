/** Gives the reader a file that was made here. */
export function save(name: string, parts: string[], type: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  download(url, name);
  URL.revokeObjectURL(url);
}

/** Gives the reader what is at the URL as a file. */
export function download(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
