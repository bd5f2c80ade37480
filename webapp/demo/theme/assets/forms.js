// A form that was sent is not sent twice.
(() => {
  for (const form of document.querySelectorAll('main form[method="post"]:not([hx-post])')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'yes';
      setTimeout(() => delete form.dataset.sent, 3000);
    });
  }
})();
