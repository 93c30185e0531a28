import { api, onSessionLost } from './api';
import { notices } from './notices.svelte';
import { stream } from './stream';
import type { Language, Me, SessionState } from './types';
import { words } from './words.svelte';

/** Who is signed in. When the session ends, the page stays as it is and a dialog asks to sign in again: nothing that was typed is lost. */
class Session {
  /** Null until the server was asked. */
  state = $state.raw<SessionState | null>(null);
  /** The page belongs to somebody whose session has ended. */
  lost = $state(false);
  private readonly waiting = new Set<() => void>();

  constructor() {
    onSessionLost(() => this.lose());
    stream.on('session_ended', () => this.lose());
  }

  get person(): Me | null {
    return this.state?.person ?? null;
  }

  may(permission: string): boolean {
    return this.state?.permissions.includes(permission) ?? false;
  }

  async look(): Promise<void> {
    this.take(await api.session());
  }

  async signIn(name: string, password: string, code?: string): Promise<void> {
    this.take(await api.signIn(name, password, code));
    for (const listener of this.waiting) listener();
  }

  async signOut(): Promise<void> {
    await api.signOut();
    stream.close();
    this.lost = false;
    this.state = { person: null, permissions: [], language: words.language };
  }

  async speak(language: Language): Promise<void> {
    words.choose(language);
    if (!this.person || this.lost || this.state?.must_change_password) return;
    try {
      this.state = await api.setLanguage(language);
      for (const listener of this.waiting) listener();
    } catch (error) {
      notices.failed(error);
    }
  }

  /** Call whenever somebody has signed in, or the account's language changed; until the returned function is called. */
  onSignedIn(listener: () => void): () => void {
    this.waiting.add(listener);
    return () => this.waiting.delete(listener);
  }

  take(state: SessionState): void {
    this.state = state;
    if (!state.person) return;
    this.lost = false;
    words.choose(state.language);
    if (!state.must_change_password) stream.open();
  }

  private lose(): void {
    if (this.person) this.lost = true;
    stream.close();
  }
}

export const session = new Session();
