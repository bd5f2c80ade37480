// The page of a product is fetched when somebody is about to open it, unless data are to be saved.
(() => {
  const fetched = new Set();
  const prefetch = ({ target }) => {
    const link = target.closest?.('a[href*="/products/"]');
    if (!link || fetched.has(link.href) || navigator.connection?.saveData) return;
    fetched.add(link.href);
    const hint = document.createElement('link');
    hint.rel = 'prefetch';
    hint.href = link.href;
    document.head.append(hint);
  };
  document.addEventListener('pointerdown', prefetch);
  document.addEventListener('touchstart', prefetch, { passive: true });
})();
