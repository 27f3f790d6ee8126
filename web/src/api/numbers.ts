// What the data server says of the numbers of a series.

/** One series, every number accounted for. `source`: cloud (all offices) or office (this one alone, as of then). */
export interface Numbers {
  first_day: string;
  last_day: string;
  shared: boolean;
  source: string;
  as_of: string;
  sound: boolean;
  missing: number;
  runs: NumberRun[];
  provisional: { number: string; voucher: string }[];
  duplicates: { number: string; vouchers: string[] }[];
}

/** Numbers one after another with one fate, in the words of `number_fate`. */
export interface NumberRun {
  mark: string;
  first: number;
  last: number;
  first_number: string;
  last_number: string;
  fate: string;
  by: string;
  at: string;
  to: string;
  holder: string;
}

export interface NumberCheck {
  type: string;
  branch: string;
  fund: string;
  day: string;
  last_day: string;
  missing: number;
  provisional: number;
  duplicates: number;
}

export interface NumberChange {
  id: string;
  accounting_date: string;
  old: string;
  new: string;
}
