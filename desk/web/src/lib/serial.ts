/** The same question again and again, one at a time: asked while it is under way, it is asked once more afterwards. So the latest answer is shown last. */
export function serial(ask: () => Promise<void>): () => Promise<void> {
  let asking: Promise<void> | null = null;
  let again = false;
  return function look(): Promise<void> {
    if (asking) again = true;
    asking ??= ask().finally(() => {
      asking = null;
      if (again) {
        again = false;
        void look();
      }
    });
    return asking;
  };
}
