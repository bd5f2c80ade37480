// What comes into view rises a little; what is in view already stays where it is.
(() => {
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        target.dataset.reveal = 'seen';
        watcher.unobserve(target);
      }
    },
    { rootMargin: '0px 0px -10% 0px' },
  );
  for (const part of document.querySelectorAll('[data-reveal]')) {
    if (part.getBoundingClientRect().top < innerHeight) continue;
    part.dataset.reveal = 'waiting';
    watcher.observe(part);
  }
})();
