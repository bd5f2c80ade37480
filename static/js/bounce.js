// Asks App Bridge for a session token and comes back to the same address with it.
const PATIENCE = 10000;
const stuck = document.querySelector("[data-stuck]");

function giveUp() {
  stuck.hidden = false;
}

async function comeBack() {
  const timer = setTimeout(giveUp, PATIENCE);
  const token = await window.shopify.idToken();
  clearTimeout(timer);
  const to = new URL(window.location.href);
  to.searchParams.set("id_token", token);
  to.searchParams.set("bounced", "1");
  window.location.replace(to);
}

comeBack().catch(giveUp);
