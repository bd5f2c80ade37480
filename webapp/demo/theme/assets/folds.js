// Of several folds, one is open.
(() => {
  for (const folds of document.querySelectorAll('.folds')) {
    folds.addEventListener(
      'toggle',
      ({ target }) => {
        if (!target.open) return;
        for (const other of folds.querySelectorAll('details[open]')) other.open = other === target;
      },
      true,
    );
  }
})();
