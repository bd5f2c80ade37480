// A row is dragged with the mouse; a drag is no click.
(() => {
  for (const row of document.querySelectorAll('.carousel')) {
    let from;
    row.addEventListener('pointerdown', ({ pointerType, clientX }) => {
      if (pointerType === 'mouse') from = { at: clientX, scrolled: row.scrollLeft };
    });
    addEventListener('pointermove', ({ clientX }) => {
      if (!from || Math.abs(clientX - from.at) < 6) return;
      row.toggleAttribute('data-dragged', true);
      row.scrollLeft = from.scrolled + from.at - clientX;
    });
    addEventListener('pointerup', () => {
      from = undefined;
      setTimeout(() => row.removeAttribute('data-dragged'));
    });
    row.addEventListener('dragstart', (event) => event.preventDefault());
  }
})();
