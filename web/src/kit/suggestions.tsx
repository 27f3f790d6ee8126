// The list under a cell: what was typed, matched. It never has the focus; the live input keeps it.
import { useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

export interface Suggestion {
  readonly value: string;
  readonly code: string;
  readonly name: string;
  readonly hint?: string;
}

interface Props {
  readonly id: string;
  readonly anchor: HTMLElement | null;
  readonly options: readonly Suggestion[];
  readonly highlight: number;
  readonly nothing: string;
  readonly onTake: (option: Suggestion) => void;
}

const HEIGHT_MAX = 304;

export function Suggestions({ id, anchor, options, highlight, nothing, onTake }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top?: number; bottom?: number }>({ left: 0, top: 0 });

  // biome-ignore lint/correctness/useExhaustiveDependencies: placed anew whenever what it shows changes its height
  useLayoutEffect(() => {
    const box = anchor?.getBoundingClientRect();
    if (!box) return;
    const below = window.innerHeight - box.bottom;
    const left = Math.max(4, Math.min(box.left, window.innerWidth - 420));
    setPlace(
      below > HEIGHT_MAX || below > box.top
        ? { left, top: box.bottom + 2 }
        : { left, bottom: window.innerHeight - box.top + 2 },
    );
  }, [anchor, options.length]);

  useLayoutEffect(() => {
    list.current?.querySelector(`[id="${id}-${highlight}"]`)?.scrollIntoView({ block: "nearest" });
  }, [highlight, id]);

  return createPortal(
    <div ref={list} id={id} className="suggestions" role="listbox" style={place} data-testid="suggestions">
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the live input has the keys
        <div
          key={option.value}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === highlight}
          className="suggestion"
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(option)}
        >
          {option.code ? <span className="code">{option.code}</span> : null}
          <span className="name">{option.name}</span>
          {option.hint ? <span className="hint">{option.hint}</span> : null}
        </div>
      ))}
      {options.length === 0 ? <div className="nothing">{nothing}</div> : null}
    </div>,
    document.body,
  );
}
