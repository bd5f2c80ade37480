// Lets HTMX work on our page inside a shop's theme, and on nothing else there: `initialize`, which
// would read the whole page, is emptied before HTMX calls it, and the global is taken away. Without
// this script the page's form is sent as any other.
(() => {
  const page = document.querySelector('.ln-page');
  if (!page) return;
  const script = document.createElement('script');
  const theirs = window.htmx;
  script.src = page.dataset.lnPage;
  script.onload = () => {
    const ours = window.htmx;
    ours.initialize = () => {};
    window.htmx = theirs;
    ours.process(page);
  };
  if (theirs) theirs.process(page);
  else document.head.append(script);
})();
