// A cart that has more in it than a moment ago nods.
(() => {
  const count = document.querySelector('.tool__count');
  const now = Number(count?.textContent ?? 0);
  let before = 0;
  try {
    before = Number(sessionStorage.getItem('nest-bloom-count') ?? 0);
    sessionStorage.setItem('nest-bloom-count', String(now));
  } catch {
    before = now;
  }
  if (count && now > before && !matchMedia('(prefers-reduced-motion: reduce)').matches) {
    count.animate([{ transform: 'scale(1)' }, { transform: 'scale(1.4)' }, { transform: 'scale(1)' }], 400);
  }
})();
