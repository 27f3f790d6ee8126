// A box that narrows what is shown. What cannot be read narrows nothing, and stays to be mended with the reason beside it.
import { useState } from "react";
import { FieldBox, type FieldBoxProps } from "./fieldbox";

type Props = Omit<FieldBoxProps, "wrong" | "onChange"> & { readonly onChange: (value: string) => void };

export function FilterBox(props: Props) {
  const [unread, setUnread] = useState<{ text: string; code: string } | null>(null);
  return (
    <FieldBox
      {...props}
      value={unread ? unread.text : props.value}
      wrong={unread?.code}
      onChange={(value, code) => {
        setUnread(code ? { text: value, code } : null);
        props.onChange(code ? "" : value);
      }}
    />
  );
}
