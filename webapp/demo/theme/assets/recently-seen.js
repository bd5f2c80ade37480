// Products that were looked at in this browser carry a dot.
(() => {
  const KEY = 'nest-bloom-seen';
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? '[]');
    } catch {
      return [];
    }
  };
  const seen = read();
  for (const card of document.querySelectorAll('.card[data-handle]')) {
    card.toggleAttribute('data-seen', seen.includes(card.dataset.handle));
  }
  const current = document.querySelector('[data-product]')?.dataset.product;
  if (current) {
    try {
      localStorage.setItem(KEY, JSON.stringify([current, ...seen.filter((one) => one !== current)].slice(0, 20)));
    } catch {
      // A browser that keeps nothing keeps no dots.
    }
  }
})();
