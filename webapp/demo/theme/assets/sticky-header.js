// Further down, the header comes back as soon as somebody scrolls up.
(() => {
  const header = document.querySelector('.section-header');
  let last = scrollY;
  addEventListener(
    'scroll',
    () => {
      const up = scrollY < last && scrollY > header.offsetHeight;
      header.toggleAttribute('data-back', up);
      last = scrollY;
    },
    { passive: true },
  );
})();
