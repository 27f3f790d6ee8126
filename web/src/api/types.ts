// What the data server says, written by hand from the contract between the rooms. Amounts are decimal strings.

export type Language = "vi" | "en";

export interface Tenant {
  code: string;
  name: string;
  role: string;
  branches: string[];
}

export interface Session {
  user: string;
  name: string;
  language?: Language;
  tenants: Tenant[];
}

export interface Choice {
  value: string;
  label: string;
}

export interface FieldSpec {
  name: string;
  kind: string;
  label: string;
  required: boolean;
  length_max: number;
  default: string;
  among: Choice[];
  partner_kind: string;
  fills: { field: string; attribute: string }[];
  free: boolean;
  repeat: boolean;
  width: number;
  group: string;
  total: boolean;
  foreign_only: boolean;
}

export interface GridSpec {
  name: string;
  label: string;
  kind: string;
  rows_min: number;
  columns: FieldSpec[];
}

export interface PostingSpec {
  grid: string;
  amount: string;
  converted: string;
  single: boolean;
  in_total: boolean;
}

export interface ReasonSpec {
  code: string;
  label: string;
  debit: string;
  credit: string;
  partner_kind: string;
  cash_flow: string;
}

export interface VoucherSpec {
  code: string;
  module: string;
  order: number;
  title: string;
  short: string;
  copies: number;
  paper: string;
  header: FieldSpec[];
  grids: GridSpec[];
  postings: PostingSpec[];
  reasons: ReasonSpec[];
  debit_accounts: string[];
  credit_accounts: string[];
  negative: string;
  foreign: boolean;
  acts: string[];
  list_columns: { name: string; label: string }[];
  tax_base: string;
  before_books: boolean;
  numbering: { prefix: string; digits: number; reset: string };
}

export interface ReportSpec {
  code: string;
  module: string;
  order: number;
  title: string;
  short: string;
  parameters: { name: string; required: boolean; label: string; roles: string[] }[];
  /** Balances list accounts or entries of a detail (`by`), movements list entries (`of` one detail, if any). */
  source: { kind: "balances" | "movements"; by?: string; of?: string };
  landscape: boolean;
}

export interface AttributeSpec {
  name: string;
  kind: string;
  label: string;
  required: boolean;
  length_max: number;
  among: Choice[];
  of: string;
}

export interface CatalogKind {
  name: string;
  title: string;
  natural: boolean;
  single: boolean;
  screen: boolean;
  attributes: AttributeSpec[];
}

export interface Account {
  code: string;
  name: string;
  parent: string;
  nature: string;
  leaf: boolean;
  level: number;
  carries: string[];
  requires: string[];
  partner_kind: string;
  active: boolean;
}

export interface Regime {
  code: string;
  name: string;
  short: string;
  about: string;
  since: string;
  until: string;
  offered_to: string[];
  default_for: string[];
  warning: string;
}

/** Words in the screen's language, nested by group: words.state.book.posted. */
export interface Words {
  [name: string]: string | Words;
}

export interface Spec {
  language: Language;
  modules: { code: string; label: string }[];
  voucher_types: VoucherSpec[];
  reports: ReportSpec[];
  catalogs: CatalogKind[];
  cash_flow: Choice[];
  regimes: Regime[];
  words: Words;
  faults: Record<string, { sentence: string; cure: string }>;
  company: Body;
  fiscal_years: Body[];
  chart: {
    regime: string;
    accounts: Account[];
    roles: Record<string, string>;
    groups: Record<string, string[]>;
  };
  branches: { id: string; code: string; name: string; kind?: string }[];
  books: string[];
  currencies: { code: string; name: string; decimals: number; rate: string }[];
  role: string;
}

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Body = Record<string, Value>;

export interface FaultAnswer {
  code: string;
  field: string;
  params?: Record<string, string>;
  detail_vi?: string;
  detail_en?: string;
  cure_vi?: string;
  cure_en?: string;
}

export interface Status {
  sync: string;
  book: string;
  in_flight: boolean;
  detail: string;
  icon: number;
}

export interface VoucherRow {
  id: string;
  type: string;
  number: string;
  voucher_date: string;
  accounting_date: string;
  partner_name: string;
  description: string;
  total: string;
  currency: string;
  amount: string;
  branch: string;
  revision: number;
  version: number;
  status: Status;
  deleted: boolean;
  [column: string]: unknown;
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
  /** Of everything the filters find; -1 where not counted. */
  count?: number;
  total?: string;
}

export interface BookState {
  book: string;
  asked: boolean;
  posted: boolean;
  running: string;
  fault_act: string;
  faults: FaultAnswer[];
}

export interface Version {
  author: string;
  at: string;
  deleted: boolean;
  version: number;
  revision: number;
  act: string;
  body: Body | null;
}

/** One cell in which two forms differ: `description`, `lines.3.amount`, or a whole row `lines.3`. */
export interface Difference {
  place: string;
  theirs: Value | undefined;
  mine: Value | undefined;
  /** Who changed it since both began: theirs | mine | both. */
  by: string;
}

export interface Conflict {
  winner: Version;
  mine: Version;
  base: Version | null;
  differences: Difference[];
}

export interface Voucher {
  id: string;
  type: string;
  number: string;
  revision: number;
  version: number;
  body: Body;
  status: Status;
  acts: Record<string, string>;
  books: BookState[];
  faults: FaultAnswer[];
  conflict: Conflict | null;
  /** The refused catalog entries it waits for. */
  held_by?: { kind: string; id: string; code: string; name: string; faults: FaultAnswer[] }[];
  history: { at: string; user: string; act: string; revision: number; version: number }[];
  previous: string;
  next: string;
  deleted: boolean;
  author: string;
  at: string;
}

export interface Saved {
  id: string;
  revision: number;
  number: string;
  status: Status;
  body: Body;
  /** Where the answer waited for syncing and posting: what came of it. */
  recording?: { mode: string; settled: boolean; notice: FaultAnswer | null; faults: FaultAnswer[] } | null;
}

export interface NewVoucher {
  body: Body;
  number: string;
  row_defaults?: Record<string, Record<string, string>>;
}

export interface CatalogEntry {
  id: string;
  version: number;
  revision: number;
  body: Body;
  status: string;
  used: boolean;
  faults?: FaultAnswer[];
  /** Gone, and here only because somebody else's form stands against it. */
  deleted?: boolean;
  /** In a conflict: the form that won, the one that lost, what both began from, and the cells. */
  conflict?: Version | null;
  mine?: Version | null;
  base?: Version | null;
  differences?: Difference[];
}

export interface SyncState {
  online: boolean;
  /** All is sent, answered and received. */
  green?: boolean;
  /** Why the cloud sends this server away: a fault's code. */
  reason?: string;
  /** The disk takes nothing. */
  storage?: boolean;
  pending: number;
  in_flight: number;
  failed: number;
  conflicts: number;
  last_sync_at: string | null;
  as_of: string | null;
  oldest_pending_at: string | null;
  progress?: string;
  /** Of the running round; -1 where nothing can be said yet. */
  seconds_left?: number;
  /** What of the company waits to be posted at the cloud, and for how long about. */
  lane_depth?: number;
  lane_seconds?: number;
  /** What needs a person, and what of it the asker did last. */
  todo?: number;
  todo_mine?: number;
  /** When this server's books were last compared with the cloud's, and in how many places they differed then. */
  compared_at?: string;
  differs?: number;
  /** When any difference was last found. */
  differed_at?: string;
}

/** One half of a round of syncing: what goes out, what comes in. */
export interface Half {
  total: number;
  done: number;
  failed: number;
  conflicts: number;
  held: number;
  ended_at: string;
}

/** A round of syncing; `why` it began: start | line | asked; `state`: running | done | cut. */
export interface Round {
  id: number;
  why: string;
  user: string;
  since: string;
  began_at: string;
  ended_at: string;
  state: string;
  seconds_left: number;
  elsewhere: { kind: string; object_kind: string; count: number }[];
  push: Half;
  pull: Half;
}

export interface Rounds {
  running: Round | null;
  items: Round[];
}

/** One step of a voucher's life, in the words of `moment`. */
export interface Moment {
  what: string;
  at: string;
  at_cloud: boolean;
  act: string;
  by: string;
  office: string;
  here: boolean;
  revision: number;
  version: number;
  books: string[];
  operation: string;
  faults: FaultAnswer[];
}

export interface Timeline {
  items: Moment[];
  /** False: the cloud could not be asked. */
  whole: boolean;
}

export interface SyncResult {
  n: number;
  at: string;
  kind: string;
  object_kind: string;
  id: string;
  number: string;
  description: string;
  act: string;
  user: string;
  state: string;
  faults: FaultAnswer[];
  cure?: string;
}

/** Something that needs a person: `state` is the word of the lists, `faults` say why and what helps. */
export interface Todo {
  kind: string;
  object_kind: string;
  id: string;
  number: string;
  description: string;
  revision: number;
  book: string;
  state: string;
  act: string;
  faults: FaultAnswer[];
  asks: string[];
  held_by: { kind: string; id: string; code: string; name: string }[];
  /** What helps, the likeliest first: open | open_entry | retry | post_anyway | redate | resolve | discard. */
  mends: string[];
  user: string;
  at: string;
  /** The act, where it was refused at another office; it is mended there. */
  elsewhere: string;
  office: string;
}

export interface TodoPage {
  items: Todo[];
  next: string;
  count: number;
  count_mine: number;
}

export interface ReportColumn {
  name: string;
  label: string;
  kind: string;
  width: number;
  group: string;
  group_label?: string;
}

export interface ReportRow {
  kind: string;
  /** By column; `id` is the partner or bank account a line of balances stands for. */
  cells: Record<string, Value>;
  voucher: string;
  voucher_type?: string;
}

export interface ReportPage {
  title: string;
  form?: string | { number: string; title_vi?: string; title_en?: string } | null;
  subtitle?: string;
  columns: ReportColumn[];
  rows: ReportRow[];
  next: string | null;
  totals?: Record<string, Value> | null;
  as_of: string | null;
  pending: number;
  missing?: string[];
}

export interface Person {
  user: string;
  name: string;
  role: string;
  branches: string[];
  active: boolean;
}
