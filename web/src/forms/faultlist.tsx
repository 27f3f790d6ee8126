// Faults as a person reads them: where, what, and what helps.
import type { ToldFault } from "../api/faults";

interface Props {
  readonly faults: readonly ToldFault[];
  readonly where?: (fault: ToldFault) => string;
}

/** What is wrong, and beside each what mends it. */
export function FaultList({ faults, where = () => "" }: Props) {
  return (
    <ul>
      {faults.map((fault) => (
        <li key={`${fault.field}${fault.code}`} data-code={fault.code}>
          {where(fault) ? <strong>{`${where(fault)}: `}</strong> : null}
          {fault.sentence} <span className="cure">{fault.cure}</span>
        </li>
      ))}
    </ul>
  );
}
