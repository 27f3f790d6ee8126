// The one list of acts and their keys: {id, words, keys, scope}; a screen adds `run`. It feeds the palette, the menu,
// the tooltips and the key sheet. A test refuses a key used twice in a scope, and an F-key with two meanings.

export type Scope = "app" | "list" | "voucher" | "grid" | "report" | "page" | "dialog";

export interface Act {
  readonly id: string;
  readonly scope: Scope;
  readonly keys: readonly string[];
  readonly vi: string;
  readonly en: string;
  /** Not offered in the palette: movements that only make sense where the cursor is. */
  readonly silent?: boolean;
}

const act = (scope: Scope, id: string, keys: string, vi: string, en: string, silent = false): Act => ({
  id,
  scope,
  keys: keys ? keys.split(" ") : [],
  vi,
  en,
  ...(silent ? { silent } : {}),
});

export const KEYMAP: readonly Act[] = [
  act("app", "palette", "Ctrl+K Alt+G", "Đi tới…", "Go to…"),
  act("app", "find", "F3", "Tìm chứng từ, báo cáo, danh mục", "Find a voucher, report or catalog", true),
  act("app", "key_sheet", "F1 Ctrl+/", "Phím tắt của màn hình này", "Keys of this screen"),
  act("app", "region", "F6", "Sang vùng kế tiếp", "Next region", true),
  act("app", "menu", "Alt+M", "Tới thực đơn phân hệ", "To the module menu"),
  act("app", "sync_now", "Alt+Shift+S", "Đồng bộ dữ liệu", "Sync data"),
  act("app", "dismiss", "Alt+W", "Ẩn cảnh báo mất mạng", "Put the offline warning away"),
  act("app", "home", "Alt+Home", "Về bàn làm việc", "Home"),
  act("app", "language", "", "Đổi ngôn ngữ Việt – Anh", "Switch between Vietnamese and English"),
  act("app", "choose_company", "", "Chọn đơn vị kế toán khác", "Choose another company"),
  act("app", "log_out", "", "Đăng xuất", "Log out"),
  act("app", "preset", "", "Đổi bộ phím tắt", "Change the key preset"),

  act("list", "new", "Insert Alt+N Ctrl+N", "Thêm", "New"),
  act("list", "open", "Enter", "Mở", "Open", true),
  act("list", "edit", "Ctrl+E", "Sửa", "Edit"),
  act("list", "delete", "Delete Alt+Delete", "Xóa", "Delete"),
  act("list", "post", "Ctrl+G", "Ghi sổ / Bỏ ghi", "Post / unpost"),
  act("list", "stop", "Alt+T", "Ngừng theo dõi / Theo dõi lại", "Stop using / use again"),
  act("list", "resolve", "Alt+R", "Xử lý xung đột", "Resolve the conflict"),
  act("list", "download", "Alt+L", "Tải chứng từ kỳ trước", "Download earlier vouchers"),
  act("list", "print", "F7 Ctrl+P", "In", "Print"),
  act("list", "find", "F3 Ctrl+F", "Tìm", "Find"),
  act("list", "reload", "F5", "Nạp", "Reload"),
  act("list", "mark", "Space", "Chọn dòng", "Mark the row", true),
  act("list", "mark_all", "Ctrl+A", "Chọn tất cả", "Mark all", true),
  act("list", "up", "Up", "Dòng trên", "Row above", true),
  act("list", "down", "Down", "Dòng dưới", "Row below", true),
  act("list", "page_up", "PageUp", "Trang trên", "Page up", true),
  act("list", "page_down", "PageDown", "Trang dưới", "Page down", true),
  act("list", "first", "Home", "Dòng đầu", "First row", true),
  act("list", "last", "End", "Dòng cuối", "Last row", true),
  act("list", "close", "Escape", "Đóng", "Close", true),

  act("voucher", "save", "Ctrl+Enter Ctrl+S", "Cất", "Save"),
  act("voucher", "save_new", "Ctrl+Shift+Enter", "Cất và thêm mới", "Save and new"),
  act("voucher", "new", "Alt+N Ctrl+N", "Thêm", "New"),
  act("voucher", "copy", "Alt+C", "Nhân bản", "Copy"),
  act("voucher", "edit", "Ctrl+E", "Sửa", "Edit"),
  act("voucher", "quick_edit", "Ctrl+Shift+E", "Sửa nhanh", "Quick edit"),
  act("voucher", "delete", "Alt+Delete", "Xóa", "Delete"),
  act("voucher", "cancel", "Alt+Z", "Hoãn", "Cancel the edit"),
  act("voucher", "post", "Ctrl+G", "Ghi sổ / Bỏ ghi", "Post / unpost"),
  act("voucher", "resolve", "Alt+R", "Xử lý xung đột · Vẫn ghi sổ", "Resolve the conflict · Post all the same"),
  act("voucher", "retry", "Alt+Shift+R", "Thử lại", "Try again"),
  act("voucher", "redate", "Alt+Y", "Chuyển sang ngày mở đầu tiên", "Move to the first open day"),
  act("voucher", "discard", "Alt+Shift+Z", "Bỏ bản bị từ chối", "Discard the refused form"),
  act("voucher", "timeline", "Alt+H", "Diễn biến", "Timeline"),
  act("voucher", "reload", "F5", "Nạp", "Reload"),
  act("voucher", "print", "F7 Ctrl+P", "In", "Print"),
  act("voucher", "previous", "Alt+PageUp", "Trước", "Previous"),
  act("voucher", "next", "Alt+PageDown", "Sau", "Next"),
  act("voucher", "next_cell", "Enter", "Ô kế tiếp", "Next cell", true),
  act("voucher", "previous_cell", "Shift+Enter", "Ô trước", "Previous cell", true),
  act("voucher", "edit_cell", "F2", "Sửa trong ô", "Edit the cell", true),
  act("voucher", "open_list", "F4", "Mở danh sách của ô", "Open the list of the cell", true),
  act("voucher", "new_entry", "F9", "Thêm nhanh danh mục", "New catalog entry", true),
  act("voucher", "close", "Escape", "Đóng chứng từ", "Close the voucher", true),

  act("grid", "next_cell", "Enter", "Ô kế tiếp", "Next cell"),
  act("grid", "next_tab", "Tab", "Ô kế tiếp", "Next cell", true),
  act("grid", "previous_cell", "Shift+Enter Shift+Tab", "Ô trước", "Previous cell"),
  act("grid", "up", "Up", "Dòng trên", "Row above", true),
  act("grid", "down", "Down", "Dòng dưới", "Row below", true),
  act("grid", "left", "Left", "Ô bên trái", "Cell to the left", true),
  act("grid", "right", "Right", "Ô bên phải", "Cell to the right", true),
  act("grid", "row_start", "Home", "Ô đầu dòng", "First cell", true),
  act("grid", "row_end", "End", "Ô cuối dòng", "Last cell", true),
  act("grid", "page_up", "PageUp", "Mười dòng lên", "Ten rows up", true),
  act("grid", "page_down", "PageDown", "Mười dòng xuống", "Ten rows down", true),
  act("grid", "first", "Ctrl+Home", "Dòng đầu", "First row", true),
  act("grid", "last", "Ctrl+End", "Dòng cuối", "Last row", true),
  act("grid", "edit_cell", "F2", "Sửa trong ô", "Edit the cell"),
  act("grid", "open_list", "F4 Alt+Down", "Mở danh sách của ô", "Open the list of the cell"),
  act("grid", "new_entry", "F9", "Thêm nhanh danh mục", "New catalog entry"),
  act("grid", "copy_above", "Ctrl+D", "Chép ô trên (dòng trống: cả dòng)", "Copy the cell above (empty row: the row)"),
  act("grid", "repeat_description", "Ctrl+R", "Lặp lại diễn giải gần nhất", "Repeat the last description"),
  act("grid", "balance", "Ctrl+B", "Điền số tiền cân đối", "Put the balancing amount"),
  act("grid", "insert_row", "Ctrl+Insert", "Chèn dòng", "Insert a row"),
  act("grid", "delete_row", "Ctrl+Delete", "Xóa dòng", "Delete the row"),
  act("grid", "escape", "Escape", "Đóng danh sách · hoàn tác ô · rời lưới", "Close list · undo cell · leave lines"),

  act("report", "run", "Ctrl+Enter F5", "Xem báo cáo", "Run the report"),
  act("report", "drill", "Enter", "Mở chứng từ gốc, sổ của tài khoản", "Open the voucher, the account's book", true),
  act("report", "print", "F7 Ctrl+P", "In", "Print"),
  act("report", "excel", "Alt+X", "Xuất Excel", "Export to Excel"),
  act("report", "renumber", "Alt+R", "Đánh lại số", "Renumber"),
  act("report", "find", "F3", "Tới tham số", "To the parameters"),
  act("report", "up", "Up", "Dòng trên", "Row above", true),
  act("report", "down", "Down", "Dòng dưới", "Row below", true),
  act("report", "page_up", "PageUp", "Trang trên", "Page up", true),
  act("report", "page_down", "PageDown", "Trang dưới", "Page down", true),
  act("report", "first", "Home", "Dòng đầu", "First row", true),
  act("report", "last", "End", "Dòng cuối", "Last row", true),
  act("report", "close", "Escape", "Đóng", "Close", true),

  act("page", "save", "Ctrl+Enter Ctrl+S", "Cất", "Save"),
  act("page", "open", "Alt+O", "Mở khóa sổ", "Unlock the books"),
  act("page", "check", "Alt+K", "Kiểm tra số chứng từ", "Check the numbers"),
  act("page", "new", "Alt+N", "Thêm", "New"),
  act("page", "reload", "F5", "Nạp", "Reload"),
  act("page", "next_cell", "Enter", "Ô kế tiếp", "Next cell", true),
  act("page", "close", "Escape", "Đóng", "Close", true),

  act("dialog", "accept", "Ctrl+Enter Ctrl+S", "Đồng ý", "Accept"),
  act("dialog", "stop", "Alt+Shift+X", "Dừng việc đang chạy", "Stop what runs", true),
  act("dialog", "resolve", "Alt+R", "Xử lý xung đột", "Resolve the conflict", true),
  act("dialog", "close", "Escape", "Đóng", "Close", true),
];

/** Keys an accountant coming from another program already has in the hands. Only what differs. */
export const PRESETS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  standard: {},
  misa: {
    "grid.delete_row": ["Ctrl+D", "Ctrl+Delete"],
    "grid.copy_above": ["Ctrl+Shift+D"],
    "grid.balance": ["Alt+B"],
    "voucher.unpost": ["Ctrl+B"],
    "list.unpost": ["Ctrl+B"],
    "list.find": ["Ctrl+F", "F3"],
  },
};

const UNPOSTS: readonly Act[] = [
  act("voucher", "unpost", "", "Bỏ ghi", "Unpost"),
  act("list", "unpost", "", "Bỏ ghi", "Unpost"),
];

export const ACTS: readonly Act[] = [...KEYMAP, ...UNPOSTS];

export type Keymap = ReadonlyMap<string, Act>; // by "scope.id"

/** The keymap with a preset and a person's own changes laid over it. */
export function keymapFor(preset: string, own: Readonly<Record<string, readonly string[]>> = {}): Keymap {
  const changes = { ...PRESETS[preset], ...own };
  return new Map(
    ACTS.map((item) => {
      const name = `${item.scope}.${item.id}`;
      return [name, { ...item, keys: changes[name] ?? item.keys }];
    }),
  );
}

/** Which act of a scope a chord means, "" for none. */
export function actFor(keymap: Keymap, scope: Scope, chord: string): string {
  for (const item of keymap.values()) if (item.scope === scope && item.keys.includes(chord)) return item.id;
  return "";
}

/** Keys used twice within a scope: "scope key: one, other". A keymap with any is refused. */
export function clashes(keymap: Keymap): string[] {
  const owners = new Map<string, string>();
  const found: string[] = [];
  for (const item of keymap.values()) {
    for (const key of item.keys) {
      const place = `${item.scope} ${key}`;
      const owner = owners.get(place);
      if (owner) found.push(`${place}: ${owner}, ${item.id}`);
      owners.set(place, item.id);
    }
  }
  return found;
}

/** The keys of an act as shown on buttons: the first one that works in a browser tab. */
export function shownKey(keymap: Keymap, scope: Scope, id: string): string {
  const keys = keymap.get(`${scope}.${id}`)?.keys ?? [];
  return keys[0] ?? "";
}
