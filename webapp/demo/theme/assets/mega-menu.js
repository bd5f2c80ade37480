// The large menu opens when a mouse rests on it, and closes by itself.
(() => {
  const mega = document.querySelector('.mega');
  const resting = matchMedia('(hover: hover)');
  let leaving;
  mega.addEventListener('pointerenter', () => {
    clearTimeout(leaving);
    if (resting.matches) leaving = setTimeout(() => (mega.open = true), 150);
  });
  mega.addEventListener('pointerleave', () => {
    clearTimeout(leaving);
    if (resting.matches) leaving = setTimeout(() => (mega.open = false), 300);
  });
  mega.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !mega.open) return;
    mega.open = false;
    mega.querySelector('summary').focus();
  });
  document.addEventListener('click', ({ target }) => {
    if (!mega.contains(target)) mega.open = false;
  });
})();
