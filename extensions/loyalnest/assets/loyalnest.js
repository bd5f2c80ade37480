// Explained in snippets/ln-panel.liquid.
(() => {
  const waiting = new Set();

  const load = (src) => {
    const script = document.createElement('script');
    script.src = src;
    script.onload = () => waiting.forEach((each) => each.click());
    script.onerror = () => {
      script.remove();
      waiting.forEach((each) => {
        const panel = each.closest('[data-ln]').querySelector('[role=region]');
        panel.hidden = panel.ariaBusy = false;
      });
      waiting.clear();
    };
    document.head.append(script);
  };

  const hear = ({ type, target }) => {
    const block = target.closest?.('[data-ln]');
    if (!block || !target.matches('button,[data-ln-revealed]')) return;
    if (type == 'click') waiting.add(target);
    const src = block.dataset.ln;
    if (!document.querySelector(`script[src="${src}"]`)) load(src);
  };

  const eye = new IntersectionObserver((seen) =>
    seen.forEach((each) => each.isIntersecting && each.target.click()),
  );
  const look = () =>
    document.querySelectorAll('[data-ln-revealed]').forEach((each) => eye.observe(each));

  for (const type of ['pointerover', 'focusin', 'click']) document.addEventListener(type, hear);
  document.addEventListener('DOMContentLoaded', look);
  look();
})();
