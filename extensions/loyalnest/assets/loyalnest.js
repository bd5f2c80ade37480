// Explained in snippets/ln-panel.liquid.
(() => {
  const types = ['pointerover', 'focusin', 'click'];
  let script, heard;

  const hear = (event) => {
    const block = event.target.closest?.('[data-ln]');
    if (!block || !event.target.matches('button')) return;
    if (!heard || event.type == 'click') heard = event;
    if (script) return;
    script = document.createElement('script');
    script.src = block.dataset.ln;
    script.onload = () => {
      for (const type of types) document.removeEventListener(type, hear);
      heard.target.dispatchEvent(new Event(heard.type, { bubbles: true }));
    };
    script.onerror = () => {
      const panel = block.querySelector('[role=region]');
      if (heard.type == 'click') panel.hidden = panel.ariaBusy = false;
      script = heard = 0;
    };
    document.head.append(script);
  };

  for (const type of types) document.addEventListener(type, hear);
})();
