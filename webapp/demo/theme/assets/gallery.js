// A picture of a product is magnified where the pointer is.
(() => {
  for (const picture of document.querySelectorAll('.gallery__picture')) {
    picture.addEventListener('pointermove', ({ pointerType, offsetX, offsetY }) => {
      if (pointerType !== 'mouse') return;
      const { offsetWidth, offsetHeight } = picture;
      picture.style.setProperty('--across', `${(100 * offsetX) / offsetWidth}%`);
      picture.style.setProperty('--down', `${(100 * offsetY) / offsetHeight}%`);
      picture.toggleAttribute('data-near', true);
    });
    picture.addEventListener('pointerleave', () => picture.removeAttribute('data-near'));
  }
})();
