// The second picture of a card is fetched when the first one is pointed at.
(() => {
  for (const card of document.querySelectorAll('.card__link')) {
    card.addEventListener(
      'pointerenter',
      () => {
        for (const picture of card.querySelectorAll('img[loading="lazy"]')) picture.loading = 'eager';
      },
      { once: true },
    );
  }
})();
