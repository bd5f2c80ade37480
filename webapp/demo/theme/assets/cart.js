// The cart is brought up to date a moment after a change.
(() => {
  const cart = document.querySelector('[data-cart]');
  if (cart) {
    let waiting;
    cart.addEventListener('change', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => cart.requestSubmit(), 600);
    });
  }
})();
