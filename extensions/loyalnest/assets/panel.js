// Explained in snippets/ln-panel.liquid.
(() => {
  let library;

  const load = (src) =>
    (library ||= new Promise((resolve) => {
      if (window.htmx) return resolve(htmx);
      const script = document.createElement('script');
      script.src = src;
      script.onload = () => {
        resolve(htmx);
        htmx.initialize = () => {};
        window.htmx = void 0;
      };
      script.onerror = () => resolve((library = 0));
      document.head.append(script);
    }));

  const handle = ({ type, target }) => {
    const block = target.closest?.('[data-ln]');
    if (!block || !target.matches('button')) return;
    const [opener, panel] = block.querySelectorAll('button,[role=region]');
    const settle = () => (panel.ariaBusy = false);
    if (type[0] == 'h') return settle();
    const ready = load(block.dataset.htmx);
    if (type != 'click') return;
    const { copy, share, done } = target.dataset;
    const url = share ? location.origin + share : copy;
    if (share && navigator.share) navigator.share({ url }).catch(settle);
    else if (url) navigator.clipboard.writeText(url).then(() => (target.textContent = done));
    if (target.closest('.ln-fragment')) return;
    if (target == opener) opener.ariaExpanded = !(panel.hidden = !panel.hidden);
    else opener.focus();
    if (panel.hidden || panel.ariaBusy == 'true' || panel.firstElementChild.firstChild) return;
    panel.ariaBusy = true;
    clearTimeout(panel.guard);
    panel.guard = setTimeout(settle, 5e3);
    ready.then((htmx) => {
      if (!htmx) return settle();
      htmx.process(opener);
      opener.dispatchEvent(new Event('ln:load'));
    });
  };

  for (const type of ['click', 'focusin', 'pointerover', 'htmx:finally:request', 'htmx:afterRequest'])
    document.addEventListener(type, handle);
})();
