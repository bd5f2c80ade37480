// On paper every fold is open.
(() => {
  addEventListener('beforeprint', () => {
    for (const fold of document.querySelectorAll('.folds details:not([open])')) {
      fold.open = true;
      addEventListener('afterprint', () => (fold.open = false), { once: true });
    }
  });
})();
