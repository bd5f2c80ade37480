// The menu of languages closes by itself.
(() => {
  const languages = document.querySelector('.languages');
  document.addEventListener('click', ({ target }) => {
    if (!languages.contains(target)) languages.open = false;
  });
  languages.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || !languages.open) return;
    languages.open = false;
    languages.querySelector('summary').focus();
  });
})();
