// The dashboard inside Shopify's admin. Links and forms are fetched by htmx (hx-boost), and App
// Bridge adds the session token to every fetch of ours; what is left to do here is small.

// What only one request should see does not stay in the address: a token, a notice.
const ONCE = ["id_token", "bounced", "said", "hmac", "timestamp", "session"];

function tidyAddress() {
  const address = new URL(window.location.href);
  ONCE.forEach((name) => address.searchParams.delete(name));
  if (address.href !== window.location.href) {
    window.history.replaceState(window.history.state, "", address);
  }
}

// An entry of Shopify's own navigation was chosen: go there as a link of ours would.
document.addEventListener("shopify:navigate", (event) => {
  const href = event.target?.getAttribute?.("href");
  if (!href) return;
  event.preventDefault();
  const link = document.createElement("a");
  link.href = href;
  link.hidden = true;
  document.body.append(link);
  window.htmx.process(link);
  link.click();
});

document.addEventListener("htmx:after:swap", tidyAddress);
document.addEventListener("htmx:after:history:update", tidyAddress);
tidyAddress();
