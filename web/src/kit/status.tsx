// The mark of a voucher's status: one of three icons, and always a word.
import { Icon, type IconName } from "./icon";

export interface ShownStatus {
  readonly detail: string;
  readonly icon: number;
  readonly in_flight: boolean;
}

const FAILED = /(_failed|^conflict)$/;

function look(status: ShownStatus): { icon: IconName; tone: string } {
  if (status.detail === "conflict") return { icon: "split", tone: "bad" };
  if (status.icon === 3 || FAILED.test(status.detail)) return { icon: "warning", tone: "bad" };
  if (status.in_flight) return { icon: "turn", tone: "wait spin" };
  if (status.icon === 2) return { icon: "checkCircle", tone: "good" };
  return { icon: "clock", tone: "wait" };
}

export function StatusMark({ status, word }: { status: ShownStatus; word: string }) {
  const { icon, tone } = look(status);
  return (
    <span className={`mark ${tone}`} data-status={status.detail} data-icon={status.icon}>
      <Icon name={icon} />
      {word}
    </span>
  );
}
