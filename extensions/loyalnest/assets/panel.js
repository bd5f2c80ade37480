// Explained in snippets/ln-panel.liquid.
(() => {
  let library;

  const load = (src) =>
    (library ||= new Promise((resolve) => {
      if (window.htmx) return resolve(htmx);
      const script = document.createElement('script');
      script.src = src;
      script.onload = () => {
        if (!window.htmx) return script.onerror();
        resolve(htmx);
        htmx.config.defaultTimeout = 4e3;
        htmx.config.noSwap.push('4xx', '5xx');
        htmx.initialize = () => {};
        window.htmx = void 0;
      };
      script.onerror = () => resolve((library = 0));
      document.head.append(script);
    }));

  // A form that has been replaced is heard of from the document.
  const tell = () => {
    const bar = document.querySelector('.ln-bar');
    const now = bar?.querySelector('.ln-wallet__balance');
    if (now) bar.querySelector('.ln-bar__points').textContent = now.firstChild.textContent;
  };

  const handle = ({ type, target }) => {
    if (type[0] == 'h') tell();
    const block = target.closest?.('[data-ln]');
    if (!block) return;
    const [opener, panel] = block.querySelectorAll('button,[role=region]');
    const settle = () => (panel.ariaBusy = false);
    if (type[0] == 'h') return settle();
    if (!target.matches('button,[data-ln-revealed]')) return;
    const { copy, share, done } = target.dataset;
    const url = share ? location.origin + share : copy;
    if (share && navigator.share) navigator.share({ url }).catch(settle);
    else if (url) navigator.clipboard.writeText(url).then(() => (target.textContent = done));
    if (target.closest('.ln-fragment')) return;
    panel.hidden = target == opener && !panel.hidden;
    opener.ariaExpanded = !panel.hidden;
    if (target != panel) opener.focus();
    if (panel.hidden || panel.ariaBusy == 'true' || panel.firstElementChild.firstChild) return;
    panel.ariaBusy = true;
    clearTimeout(panel.guard);
    panel.guard = setTimeout(settle, 5e3);
    load(block.dataset.htmx).then((htmx) => {
      if (!htmx) return settle();
      htmx.process(opener);
      opener.dispatchEvent(new Event('ln:load'));
    });
  };

  for (const type of ['click', 'htmx:finally:request', 'htmx:afterRequest'])
    document.addEventListener(type, handle);
  load(document.querySelector('[data-htmx]').dataset.htmx);
})();
