// Nothing here is needed to use the shop: it saves a click, and closes what was left open.
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

const cart = document.querySelector('[data-cart]');
if (cart) {
  let waiting;
  cart.addEventListener('change', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => cart.requestSubmit(), 600);
  });
}

const languages = document.querySelector('.languages');
if (languages) {
  document.addEventListener('click', (event) => {
    if (!languages.contains(event.target)) languages.open = false;
  });
  languages.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && languages.open) {
      languages.open = false;
      languages.querySelector('summary').focus();
    }
  });
}
