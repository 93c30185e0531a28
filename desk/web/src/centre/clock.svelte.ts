const EVERY_MS = 20_000;

/** Now, for pages that stay open. */
class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), EVERY_MS);
  }
}

export const clock = new Clock();
