// Live updates: the data server's event stream, opened again by itself after a break.

export interface LiveEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

const NAMES = ["voucher", "sync", "catalog", "result", "notice", "download", "reload"] as const;
const RETRY_MS = 2_000;

/** Listens until the returned function is called. `onLink` hears when the stream breaks and when it is back. */
export function listen(
  tenant: string,
  book: string,
  onEvent: (event: LiveEvent) => void,
  onLink: (up: boolean) => void,
): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const open = () => {
    if (closed) return;
    source = new EventSource(`/api/t/${encodeURIComponent(tenant)}/events?book=${encodeURIComponent(book)}`);
    source.onopen = () => onLink(true);
    source.onerror = () => {
      source?.close();
      onLink(false);
      if (!closed) timer = setTimeout(open, RETRY_MS);
    };
    for (const name of NAMES) {
      source.addEventListener(name, (message) => {
        try {
          onEvent({ name, data: JSON.parse((message as MessageEvent<string>).data) as Record<string, unknown> });
        } catch {
          onEvent({ name, data: {} });
        }
      });
    }
  };
  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
