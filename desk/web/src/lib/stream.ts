/** The desk's events. One connection for the whole page; the browser comes back by itself and says what it saw last. */

type Listener = (data: unknown) => void;
const KINDS = ['roster_changed', 'roster_published', 'requests_changed', 'rules_changed', 'demand_changed', 'people_changed', 'incident_changed', 'alarm_raised', 'alarm_seen', 'centre_changed', 'reports_changed', 'session_ended', 'reload'] as const;
export type EventKind = (typeof KINDS)[number];
const AGAIN_MS = 5000;

class Stream {
  private readonly listeners = new Map<EventKind, Set<Listener>>();
  private source: EventSource | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;

  /** Hear of a kind of event until the returned function is called. */
  on(kind: EventKind, listener: Listener): () => void {
    const found = this.listeners.get(kind) ?? new Set();
    this.listeners.set(kind, found.add(listener));
    return () => found.delete(listener);
  }

  open(): void {
    this.close();
    const source = new EventSource('/api/events');
    this.source = source;
    for (const kind of KINDS) source.addEventListener(kind, (event: MessageEvent<string>) => this.tell(kind, event.data));
    source.onerror = () => {
      // Closed for good by an answer that is no stream. Anything may have happened until the next one.
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      this.again = setTimeout(() => {
        this.open();
        this.tell('reload', '{}');
      }, AGAIN_MS);
    };
  }

  close(): void {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  private tell(kind: EventKind, text: string): void {
    const data: unknown = JSON.parse(text);
    for (const listener of this.listeners.get(kind) ?? []) listener(data);
  }
}

export const stream = new Stream();
