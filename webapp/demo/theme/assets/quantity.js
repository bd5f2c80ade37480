// The buttons beside a number.
(() => {
  for (const box of document.querySelectorAll('[data-quantity]')) {
    const field = box.querySelector('input');
    for (const button of box.querySelectorAll('[data-step]')) {
      button.addEventListener('click', () => {
        const wanted = Number(field.value || 0) + Number(button.dataset.step);
        field.value = Math.min(Number(field.max), Math.max(Number(field.min), wanted));
        field.dispatchEvent(new Event('change', { bubbles: true }));
      });
    }
  }
})();
