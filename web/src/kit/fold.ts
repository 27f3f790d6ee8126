// Folded text for searching, by the very rule the servers use: NFD, drop U+0300..U+036F, đ = d, lower case, one space.

const MARKS = /[\u0300-\u036f]/g;

/** `text` without accents and case: "  Đặng  Thị ÁNH" becomes "dang thi anh". */
export function fold(text: string): string {
  const plain = text.normalize("NFD").replace(MARKS, "").toLowerCase().replaceAll("đ", "d");
  return plain.normalize("NFD").replace(MARKS, "").split(/\s+/).filter(Boolean).join(" ");
}
